// Package secret keeps credentials out of what people read: [Value] holds one and never prints
// it, and [Clean] takes one out of text that a server sent, however the server spelled it.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted replaces a credential wherever it would be shown.
const Redacted = "[redacted]"

// A Value holds a credential that fmt, log/slog and encoding print as [Redacted]. The zero
// Value is empty. The exported Secret types of other packages are made of it.
type Value struct {
	// Behind a pointer: fmt reaches the unexported fields of an enclosing struct by
	// reflection, past the methods below, but follows no pointer there.
	text *string
}

// New returns a Value that holds text.
func New(text string) Value { return Value{&text} }

// Reveal returns the text.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// String returns [Redacted].
func (Value) String() string { return Redacted }

// GoString returns [Redacted].
func (Value) GoString() string { return Redacted }

// Format prints [Redacted] for every verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// LogValue returns [Redacted].
func (Value) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted], which encoding/json uses too.
func (Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }
