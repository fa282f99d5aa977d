// The events as they come, to a page or a script: server-sent events.

package emulator

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

const (
	maxStreams   = 64               // at once; a browser needs one
	streamBatch  = 256              // events that are written before the reader is waited for
	streamPause  = 15 * time.Second // then a comment keeps the connection
	streamBefore = 30 * time.Second // a reader that takes longer for a batch is let go
)

// stream is the answer of GET /events.
type stream struct {
	e     *Emulator
	ctx   context.Context //nolint:containedctx // of the request, which the generated code hands over apart from the writer
	after int64
}

// StreamEvents follows the events.
func (c control) StreamEvents(ctx context.Context, request emulatorserver.StreamEventsRequestObject) (emulatorserver.StreamEventsResponseObject, error) {
	p := request.Params
	after := max(p.LastEventID, p.After)
	if after == 0 {
		after = c.e.events.Last()
	}
	return &stream{c.e, ctx, after}, nil
}

// VisitStreamEventsResponse writes events until the reader has gone.
func (s *stream) VisitStreamEventsResponse(w http.ResponseWriter) error {
	if s.e.streams.Add(1) > maxStreams {
		s.e.streams.Add(-1)
		writeJSON(w, http.StatusServiceUnavailable, emulatorserver.Problem{Error: "too many streams are open; close one"})
		return nil
	}
	defer s.e.streams.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	connection := http.NewResponseController(w)
	// After a break a page asks again within half a second.
	if _, err := fmt.Fprint(w, "retry: 500\n\n"); err != nil {
		return nil
	}
	for {
		_ = connection.SetWriteDeadline(time.Now().Add(streamBefore)) // a writer without one is of a test
		if !s.write(w) || connection.Flush() != nil {
			return nil
		}
		select {
		case <-s.e.events.Changed(s.after):
		case <-time.After(streamPause):
			if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil {
				return nil
			}
		case <-s.ctx.Done():
			return nil
		case <-s.e.ending:
			return nil
		}
	}
}

// write writes what has come since, and tells whether the reader is still there.
func (s *stream) write(w http.ResponseWriter) bool {
	for {
		events, gap := s.e.events.Since(s.after, streamBatch)
		if gap {
			s.after = s.e.events.Last()
			events = []emulatorserver.Event{{Number: s.after, Time: s.e.clock.Now().UTC(), Kind: emulatorserver.EventKindGap}}
		}
		for _, event := range events {
			s.after = event.Number
			if _, err := w.Write(fmt.Appendf(nil, "id: %s\ndata: %s\n\n", strconv.FormatInt(event.Number, 10), encodeEvent(event))); err != nil {
				return false
			}
		}
		if len(events) < streamBatch {
			return true
		}
	}
}
