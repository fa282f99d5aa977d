package pipeline

import (
	"bytes"
	"encoding/json"
	"testing"
)

// members sees the same members as encoding/json does, whose keys a map compares exactly.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `null`, `"{"`, `{"success":true}`, ` { "a" : [1,{"b":"}"}] , "c":"\"\\" ,"d":{"e":{}},"":0}`,
		`{"success":false,"SUCCESS":true}`, `{"a":"\u0022,\"b\":1"}`, `{"a":1,"a":2}`, `{"a\\":"x","b":-1.5e3}`, `{"ä":"€"}`, `{"\u0073uccess":true}`, `{"\ud800":1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		got := map[string]json.RawMessage{}
		members(bytes.TrimSpace(text), func(key, value []byte) {
			got[string([]rune(string(key)))] = value // as encoding/json has bytes that are not UTF-8
		})
		var want map[string]json.RawMessage
		if json.Unmarshal(text, &want) != nil { // no object
			want = nil
		}
		if len(got) != len(want) {
			t.Fatalf("%s: got %d members, want %d", text, len(got), len(want))
		}
		for key, value := range want {
			if !bytes.Equal(got[key], value) {
				t.Fatalf("%s: %q is %s, want %s", text, key, got[key], value)
			}
		}
	})
}
