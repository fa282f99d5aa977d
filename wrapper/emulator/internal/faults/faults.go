// Package faults decides which calls meet a fault that was set: the nth that matches, or every one.
// It counts and carries nothing out.
package faults

import (
	"errors"
	"slices"
	"sync"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// Fault is what happens to calls that match; its document is spec/emulator.yaml.
type Fault = emulatorserver.Fault

// maxFaults bounds how many are set at once.
const maxFaults = 1000

// Set is the faults that are set. It is safe for use by several goroutines.
type Set struct {
	mu     sync.Mutex
	faults []*Fault
	lastID int64
}

// Call is what is known of a call when it begins.
type Call struct {
	Direction    emulatorserver.Direction
	Operation    string
	Conversation string // empty where it is not known
}

// Add checks a fault and sets it. It is returned with its id.
func (s *Set) Add(f Fault) (Fault, error) {
	switch {
	case f.Kind == "":
		return f, errors.New("kind is missing: status, page, delay, reset, drop, double, reorder, burst, daily or expired")
	case !slices.Contains([]emulatorserver.FaultKind{
		emulatorserver.FaultKindStatus, emulatorserver.FaultKindPage, emulatorserver.FaultKindDelay, emulatorserver.FaultKindReset,
		emulatorserver.FaultKindDrop, emulatorserver.FaultKindDouble, emulatorserver.FaultKindReorder, emulatorserver.FaultKindBurst, emulatorserver.FaultKindDaily, emulatorserver.FaultKindExpired,
	}, f.Kind):
		return f, errors.New("kind is none of status, page, delay, reset, drop, double, reorder, burst, daily and expired")
	case f.Direction != "" && f.Direction != emulatorserver.In && f.Direction != emulatorserver.Out:
		return f, errors.New("direction is neither in nor out")
	case f.Direction == emulatorserver.Out && slices.Contains([]emulatorserver.FaultKind{emulatorserver.FaultKindBurst, emulatorserver.FaultKindDaily, emulatorserver.FaultKindExpired}, f.Kind):
		return f, errors.New("burst, daily and expired are for calls of the API")
	case f.Nth < 0 || f.Times < 0 || f.DelayMs < 0 || f.DelayMs > 600_000:
		return f, errors.New("nth, times and delay_ms must not be negative, and delay_ms at most 600000")
	case f.Status != 0 && (f.Status < 100 || f.Status > 599):
		return f, errors.New("status must be between 100 and 599")
	case f.Kind == emulatorserver.FaultKindDelay && f.DelayMs == 0:
		return f, errors.New("delay_ms is missing")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == maxFaults {
		return f, errors.New("1,000 faults are set; remove some")
	}
	s.lastID++
	f.ID, f.Calls, f.Met = s.lastID, 0, 0
	s.faults = append(s.faults, &f)
	return f, nil
}

// Meet counts a call, and returns the first fault that it meets.
func (s *Set) Meet(c Call) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var met *Fault
	for _, f := range s.faults {
		if !matches(f, c) {
			continue
		}
		f.Calls++
		if met == nil && (f.Nth == 0 || f.Calls == f.Nth) && (f.Times == 0 || f.Met < f.Times) {
			f.Met++
			met = f
		}
	}
	if met == nil {
		return Fault{}, false
	}
	return *met, true
}

func matches(f *Fault, c Call) bool {
	direction := f.Direction
	if direction == "" {
		direction = emulatorserver.In
		if f.Operation != "" {
			direction = c.Direction // the operation's name says it
		}
	}
	return direction == c.Direction && (f.Operation == "" || f.Operation == c.Operation) &&
		(f.Conversation == "" || f.Conversation == c.Conversation)
}

// ByConversation tells whether a fault is set that wants to know the conversation.
func (s *Set) ByConversation() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.faults, func(f *Fault) bool { return f.Conversation != "" })
}

// List returns the faults in the order in which they were set.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Fault, 0, len(s.faults))
	for _, f := range s.faults {
		out = append(out, *f)
	}
	return out
}

// Remove removes a fault, and tells whether it was there.
func (s *Set) Remove(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.ID == id })
	return len(s.faults) < before
}

// Clear removes all faults.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}
