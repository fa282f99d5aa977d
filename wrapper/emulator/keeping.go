// What outlives a moment: seeds, snapshots, the file.

package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/clock"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// begin loads the file, if there is one and it has something, and else the seed.
func (e *Emulator) begin() error {
	var found []events.Event
	if e.cfg.Data != "" {
		var torn int
		var err error
		if e.file, found, torn, err = events.Open(e.cfg.Data, e.cfg.Sync); err != nil {
			return fmt.Errorf("Data: %w", err)
		}
		if torn > 0 {
			e.cfg.Logger.Warn("the last line of the file was torn, and is cut", "file", e.cfg.Data, "bytes", torn)
		}
	}
	var last int64
	if len(found) > 0 {
		last = found[len(found)-1].Number
		if err := state.Check(found); err != nil {
			return errors.Join(fmt.Errorf("Data: %s: %w", e.cfg.Data, err), e.closeFile())
		}
	}
	e.events.Continue(last, nil)
	if err := e.load(found, func() error { return nil }); err != nil {
		return errors.Join(err, e.closeFile())
	}
	e.events.Continue(last, e.file)
	switch {
	case len(found) == 0 && e.cfg.Seed != nil:
		if err := e.Restore(e.cfg.Seed); err != nil {
			return errors.Join(fmt.Errorf("Seed: %w", err), e.closeFile())
		}
	case len(found) > 0:
		// What was updated a hundred times is one line again.
		n := e.state.Counts()
		if needed := n.Messages + 2*n.Conversations + n.Channels; e.file != nil && len(found) > 2*needed+maxGrants {
			return e.file.Replace(e.snapshot())
		}
	}
	return nil
}

func (e *Emulator) closeFile() error {
	if e.file == nil {
		return nil
	}
	return e.file.Close()
}

// load makes events all there is, with all changes held back while before runs.
func (e *Emulator) load(list []events.Event, before func() error) error {
	e.oauth.mu.Lock()
	defer e.oauth.mu.Unlock()
	if err := e.state.Load(list, before); err != nil {
		return err
	}
	e.clock.Apply(clock.Setting{})
	for _, event := range list {
		if event.Clock != nil {
			e.clock.Apply(clock.Setting{Offset: time.Duration(event.Clock.OffsetNs), FrozenAt: event.Clock.FrozenAt})
		}
	}
	e.oauth.load(list)
	return nil
}

// snapshot returns the events that make up all there is.
func (e *Emulator) snapshot() []events.Event {
	all := append(e.oauth.snapshot(), e.state.Snapshot()...)
	if s := e.clock.Setting(); s != (clock.Setting{}) {
		all = append(all, events.Event{
			Kind: emulatorserver.EventKindClock, Clock: &emulatorserver.ClockSetting{OffsetNs: int64(s.Offset), FrozenAt: s.FrozenAt},
		})
	}
	return all
}

// Snapshot returns all there is as JSON lines: what [Config].Seed and [Emulator.Restore] take. Of tokens it
// has the SHA-256 only.
func (e *Emulator) Snapshot() ([]byte, error) { return events.Encode(e.snapshot()) }

// Restore replaces the state with a snapshot or seed; exchanges, faults and limits are
// as at the start. It fails, and changes nothing, if the lines cannot be a state, or if the file
// cannot be written.
func (e *Emulator) Restore(snapshot []byte) error {
	list, err := events.Read(bytes.NewReader(snapshot))
	if err == nil {
		err = state.Check(list)
	}
	if err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	number, now := e.events.Last(), e.cfg.Clock().UTC()
	for i := range list {
		number++
		list[i].Number = number
		if list[i].Time.IsZero() {
			list[i].Time = now
		}
		if m := list[i].Message; m != nil {
			m.Number, m.Exchange = number, 0 // the exchanges are gone
		}
	}
	err = e.load(list, func() error {
		if e.file != nil {
			if err := e.file.Replace(list); err != nil {
				return err
			}
		}
		e.events.Continue(number, e.file)
		return nil
	})
	if err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	e.faults.Clear()
	e.limits.change(emulatorserver.LimitsChange{BurstLimit: e.cfg.BurstLimit, DailyBudget: e.cfg.DailyBudget, Clear: true})
	e.exchanges.Reset()
	e.behave(e.cfg.Profile)
	e.told(emulatorserver.EventKindReset)
	return nil
}

// Reset restores the initial state: the seed if there is one, else nothing.
func (e *Emulator) Reset() error { return e.Restore(e.cfg.Seed) }
