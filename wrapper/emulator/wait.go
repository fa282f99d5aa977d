// Waiting for what comes: the newest match at once, or the next one.

package emulator

import (
	"context"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// until asks again after each change, until there is something or ctx ends.
func until[T any](ctx context.Context, e *Emulator, find func() (T, bool)) (found T, err error) {
	for {
		seen := e.events.Last()
		if found, ok := find(); ok {
			return found, nil
		}
		select {
		case <-e.events.Changed(seen):
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}

func (e *Emulator) waitForMessage(ctx context.Context, q state.MessageQuery) (state.Message, error) {
	q.Limit = 1
	// What is there is searched once; after that only what comes is looked at.
	seen, searched := e.events.Last(), false
	return until(ctx, e, func() (m state.Message, ok bool) {
		come, gap := e.events.Since(seen, manyEvents)
		if gap || !searched {
			seen, searched = e.events.Last(), true
			if found := e.state.Messages(q); len(found) > 0 {
				return found[0], true
			}
			return m, false
		}
		for _, event := range come {
			seen = event.Number
			if event.Message != nil && q.Matches(event.Message) {
				m, ok = *event.Message, true
			}
		}
		return m, ok
	})
}

// manyEvents is how many are looked at in one go.
const manyEvents = 1 << 16

func (e *Emulator) waitForExchange(ctx context.Context, q exchanges.Query) (*exchanges.Exchange, error) {
	q.Limit = 1
	return until(ctx, e, func() (*exchanges.Exchange, bool) {
		if found := e.exchanges.Find(q); len(found) > 0 {
			return found[0], true
		}
		return nil, false
	})
}
