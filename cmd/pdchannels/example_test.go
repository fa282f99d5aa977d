package main

import (
	"context"
	"os"
	"strings"
)

// A file of messages is checked before it is delivered.
func Example() {
	messages := strings.NewReader(
		`{"id":"m-1","channel_id":"shop-1","conversation_id":"c-1","sender_id":"nils","message":"Hi","status":"sent","created_at":"2026-03-01 07:58"}
{"id":"m-2","channel_id":"shop-1","conversation_id":"c-1","sender_id":"nils","message":"Hello?","status":"sent","created_at":"tomorrow"}
`)
	// pdchannels message receive --check --file -
	code := run(context.Background(), []string{"message", "receive", "--check", "--file", "-"}, os.Getenv, messages, os.Stdout, os.Stdout)
	if code != exitUsage {
		panic(code)
	}
	// Output:
	// line 2: created_at is "tomorrow"; write "2026-03-01 07:58" for UTC, or RFC 3339 such as 2026-03-01T08:58:00+01:00
	// 1 of 2 messages are well formed. Nothing was sent.
}
