// Faults on calls of the app.

package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/faults"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// broken is the transport of calls to the app, with the faults that they meet.
type broken struct {
	next http.RoundTripper
	e    *Emulator
}

// RoundTrip sends a request, unless a fault is in its way.
func (t broken) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	if x == nil {
		return t.next.RoundTrip(r)
	}
	f, met := t.e.faults.Meet(faults.Call{Direction: emulatorserver.Out, Operation: x.Operation, Conversation: x.Conversation})
	if !met {
		return t.next.RoundTrip(r)
	}
	x.Fault = f.ID
	x.Decided(rule.Faulty)
	switch f.Kind {
	case emulatorserver.FaultKindDelay:
		if err := pause(r.Context(), time.Duration(f.DelayMs)*time.Millisecond); err != nil {
			return nil, err
		}
		return t.next.RoundTrip(r)
	case emulatorserver.FaultKindReorder:
		t.e.letPass(r.Context(), x.Operation)
		return t.next.RoundTrip(r)
	case emulatorserver.FaultKindDouble:
		first := r.Clone(r.Context())
		if r.GetBody != nil {
			first.Body, _ = r.GetBody() // it has been read once already, so it can be
		}
		if resp, err := t.next.RoundTrip(first); err == nil {
			_ = resp.Body.Close()
		}
		return t.next.RoundTrip(r)
	case emulatorserver.FaultKindDrop:
		resp, err := t.next.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
			err = errors.New("the answer was lost, by a fault that was set")
		}
		return nil, err
	case emulatorserver.FaultKindReset:
		return nil, errors.New("the connection was reset, by a fault that was set")
	default:
		return t.instead(r, f), nil
	}
}

// instead is an answer that the app never gave.
func (t broken) instead(r *http.Request, f faults.Fault) *http.Response {
	kind, body := "application/json", fmt.Sprintf(`{"success":false,"data":{"message":"a fault that was set","code":%q}}`, f.Code)
	status := orElse(f.Status, http.StatusInternalServerError)
	if f.Kind == emulatorserver.FaultKindPage {
		status = orElse(f.Status, http.StatusBadGateway)
		kind, body = "text/html", fmt.Sprintf(proxyPage, status, http.StatusText(status), status, http.StatusText(status))
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
