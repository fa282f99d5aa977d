// A credential that no log prints.

package emulator

import (
	"fmt"
	"io"
)

// Secret is a credential of the emulator: make one with [NewSecret]. fmt, log/slog and
// encoding/json never show its text, wherever it stands; the zero Secret is empty.
type Secret struct {
	text *string // behind a pointer: fmt prints the unexported fields of a struct in a struct, but follows no pointer there
}

// NewSecret returns a Secret with the text.
func NewSecret(text string) Secret { return Secret{&text} }

// Text is the text.
func (s Secret) Text() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

const redacted = "[redacted]"

// Format writes a placeholder, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
