package pipeline_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// A further attempt sends the same once more, and reads its answer as if it were the first.
func TestEachAttemptIsWhole(t *testing.T) {
	t.Parallel()
	asked := 0
	p := newPipeline(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "hello" || r.Header.Get("X-Api-Token") != "of-the-tests" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("attempt %d sends %q, %v, with %v", asked+1, body, err, r.Header)
		}
		if asked++; asked == 1 {
			return answer(r, http.StatusOK, `{"data":"of an answer that does not say whether it is a success"}`)
		}
		return answer(r, http.StatusOK, `{"success":true,"data":"hello"}`)
	})
	call := &pipeline.Call{Pipeline: p, Operation: &op}
	if err := greet(t.Context(), call); err != nil || asked != 2 || string(call.Result.Data) != `"hello"` {
		t.Errorf("got %s, %v after %d attempts", call.Result.Data, err, asked)
	}
}

// What the attempts together say of the outcome is told, whatever the last one was.
func TestAnUnknownOutcomeStaysUnknown(t *testing.T) {
	t.Parallel()
	asked := 0
	p := newPipeline(func(r *http.Request) (*http.Response, error) {
		if asked++; asked == 1 {
			return answer(r, http.StatusServiceUnavailable, `{}`)
		}
		return answer(r, http.StatusForbidden, `{"success":false,"additional_data":{"code":"ADMIN_ONLY"}}`)
	})
	f, _ := errors.AsType[*retry.Failure](greet(t.Context(), &pipeline.Call{Pipeline: p, Operation: &op}))
	if f == nil || f.Outcome != retry.Unknown || f.Status != http.StatusForbidden || f.Code != "ADMIN_ONLY" {
		t.Errorf("got %+v", f)
	}
}

// The error of a call that is interrupted tells both: what the API said, and that the context ended.
func TestInterruptedWhilePausing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		p := newPipeline(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusServiceUnavailable, `{"error":"down for maintenance"}`)
		})
		p.Policy.Rand = func() float64 { return 1 }
		go func() { synctest.Wait(); cancel(errors.New("enough")) }()
		f, _ := errors.AsType[*retry.Failure](greet(ctx, &pipeline.Call{Pipeline: p, Operation: &op}))
		if f == nil || f.Status != http.StatusServiceUnavailable || f.Message != "down for maintenance" || !errors.Is(f.Err, context.Canceled) {
			t.Errorf("got %+v", f)
		}
	})
}

// A transport that panics is the caller's to mend; the others go on.
func TestAPanicGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	p := newPipeline(func(*http.Request) (*http.Response, error) { panic("of the transport") })
	func() {
		defer func() { _ = recover() }()
		_ = greet(t.Context(), &pipeline.Call{Pipeline: p, Operation: &op})
		t.Error("the panic was swallowed")
	}()
	if n := p.Limiter.State().InFlight; n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
}

// Calls of the same turn go out one after another, others meanwhile.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		arrived := make(chan string, 3)
		p := newPipeline(func(r *http.Request) (*http.Response, error) {
			arrived <- r.URL.Path
			<-leave
			return answer(r, http.StatusOK, `{"success":true}`)
		})
		done := make(chan struct{})
		for _, id := range []string{"same", "same", "other"} {
			call := &pipeline.Call{Pipeline: p, Operation: &op, Turn: pipeline.Turn{Channel: "channel", ID: id}}
			go func() {
				defer func() { done <- struct{}{} }()
				if err := greet(t.Context(), call); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}()
		}
		synctest.Wait()
		if len(arrived) != 2 {
			t.Errorf("%d requests are on their way, want 2", len(arrived))
		}
		close(leave)
		for range 3 {
			<-done
		}
	})
}
