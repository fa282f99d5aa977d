// Package clock is the one clock of the emulator: it runs as that of the machine, ahead of or
// behind it, or stands still.
package clock

import (
	"sync"
	"time"
)

// Setting is how a clock differs from that of the machine.
type Setting struct {
	Offset   time.Duration
	FrozenAt time.Time // zero: it runs
}

// Clock is safe for use by several goroutines.
type Clock struct {
	machine func() time.Time

	mu      sync.Mutex
	setting Setting
}

// New returns a clock that runs as machine does.
func New(machine func() time.Time) *Clock { return &Clock{machine: machine} }

// Now is what it says.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if !c.setting.FrozenAt.IsZero() {
		return c.setting.FrozenAt
	}
	return c.machine().Add(c.setting.Offset)
}

// Advance moves it, back if d is negative. It stands or runs as before.
func (c *Clock) Advance(d time.Duration) Setting {
	return c.change(func(now time.Time) time.Time { return now.Add(d) })
}

// Set makes it say t. It stands or runs as before.
func (c *Clock) Set(t time.Time) Setting { return c.change(func(time.Time) time.Time { return t }) }

func (c *Clock) change(to func(time.Time) time.Time) Setting {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.setting.FrozenAt.IsZero() {
		c.setting.Offset = to(c.now()).Sub(c.machine())
	} else {
		c.setting.FrozenAt = to(c.setting.FrozenAt)
	}
	return c.setting
}

// Freeze makes it stand still, or run on from where it stands.
func (c *Clock) Freeze(frozen bool) Setting {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.setting = Setting{Offset: now.Sub(c.machine())}
	if frozen {
		c.setting = Setting{FrozenAt: now}
	}
	return c.setting
}

// Setting is how it was set.
func (c *Clock) Setting() Setting {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setting
}

// Apply sets it up as it was.
func (c *Clock) Apply(s Setting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setting = s
}

// Frozen tells whether it stands still.
func (c *Clock) Frozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.setting.FrozenAt.IsZero()
}
