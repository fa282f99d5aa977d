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
	return until(ctx, e, func() (m state.Message, ok bool) {
		if found := e.state.Messages(q); len(found) > 0 {
			return found[0], true
		}
		return m, false
	})
}

func (e *Emulator) waitForExchange(ctx context.Context, q exchanges.Query) (*exchanges.Exchange, error) {
	q.Limit = 1
	return until(ctx, e, func() (*exchanges.Exchange, bool) {
		if found := e.exchanges.Find(q); len(found) > 0 {
			return found[0], true
		}
		return nil, false
	})
}
