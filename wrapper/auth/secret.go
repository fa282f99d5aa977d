package auth

// This file keeps the text of a credential out of everything Go can print.

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret holds a credential and shows "[redacted]" in its place wherever Go prints
// or encodes it: every verb of package fmt, slog, JSON and text. Only [Secret.Reveal]
// gives the text.
//
// The zero Secret holds the empty text. Copies share one text, which never changes.
type Secret struct {
	// A pointer: fmt prints the unexported fields of an enclosing struct by reflection,
	// past every method below, but follows no pointer there.
	text *string
}

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text. Let it go straight to where it is needed.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format prints "[redacted]" whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", also for encoding/json: what is written cannot be read back.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
