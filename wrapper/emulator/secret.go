// Credentials of the emulator, which nothing prints.

package emulator

import (
	"fmt"
	"log/slog"

	"github.com/pdchannels/pdchannels/internal/secret"
)

// A Secret holds a credential of the emulator: make one with [NewSecret]. fmt, log/slog and
// encoding print "[redacted]" in its place; only [Secret.Reveal] returns its text. The zero
// Secret is empty.
type Secret struct{ value secret.Value }

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret { return Secret{secret.New(text)} }

// Reveal returns the text.
func (s Secret) Reveal() string { return s.value.Reveal() }

// String returns "[redacted]".
func (s Secret) String() string { return s.value.String() }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return s.value.GoString() }

// Format prints "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, verb rune) { s.value.Format(f, verb) }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return s.value.LogValue() }

// MarshalText returns "[redacted]": what is encoded cannot be read back.
func (s Secret) MarshalText() ([]byte, error) { return s.value.MarshalText() }
