package pipeline_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/pdchannels/pdchannels/internal/pipeline"
)

// A further attempt sends the same once more, and reads its answer as if it were the first.
func TestEachAttemptIsWhole(t *testing.T) {
	t.Parallel()
	asked := 0
	caller := newCaller(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "hello" || r.Header.Get("X-Api-Token") != "of-the-tests" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("attempt %d sends %q, %v, with %v", asked+1, body, err, r.Header)
		}
		if asked++; asked == 1 {
			return answer(r, http.StatusOK, `{"success":true,"aside":"of an answer that lacks its text","text":7}`)
		}
		return answer(r, http.StatusOK, `{"success":true,"text":"hello"}`)
	})
	var g greeting
	call := newCall(&g)
	if f := caller.Do(t.Context(), call); f != nil || asked != 2 {
		t.Fatalf("got %+v after %d attempts", f, asked)
	}
	if want := (greeting{Success: true, Text: "hello"}); g != want || call.Odd != "" {
		t.Errorf("got %+v with an odd field %q, want %+v", g, call.Odd, want)
	}
}

// What the attempts together say of the outcome is told, whatever the last one was.
func TestAnUnknownOutcomeStaysUnknown(t *testing.T) {
	t.Parallel()
	asked := 0
	caller := newCaller(func(r *http.Request) (*http.Response, error) {
		if asked++; asked == 1 {
			return answer(r, http.StatusServiceUnavailable, `{}`)
		}
		return answer(r, http.StatusForbidden, `{"code":"ADMIN_ONLY"}`)
	})
	f := caller.Do(t.Context(), newCall(new(greeting)))
	if f == nil || f.Outcome != pipeline.Unknown || f.Status != http.StatusForbidden || f.Code != "ADMIN_ONLY" {
		t.Errorf("got %+v", f)
	}
}

// The error of a call that is interrupted tells both: what the API said, and that the context ended.
func TestInterruptedWhilePausing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		caller := newCaller(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusServiceUnavailable, `{"error":"down for maintenance"}`)
		})
		caller.Policy.Rand = func() float64 { return 1 }
		go func() { synctest.Wait(); cancel(errors.New("enough")) }()
		f := caller.Do(ctx, newCall(new(greeting)))
		if f == nil || f.Status != http.StatusServiceUnavailable || f.Message != "down for maintenance" || !errors.Is(f.Err, context.Canceled) {
			t.Errorf("got %+v", f)
		}
	})
}

// A transport that panics is the caller's to mend; the others go on.
func TestAPanicGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	caller := newCaller(func(*http.Request) (*http.Response, error) { panic("of the transport") })
	func() {
		defer func() { _ = recover() }()
		_ = caller.Do(t.Context(), newCall(new(greeting)))
		t.Error("the panic was swallowed")
	}()
	if n := caller.Limiter.State().InFlight; n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
}

// Calls of the same turn go out one after another, others meanwhile.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		arrived := make(chan string, 3)
		caller := newCaller(func(r *http.Request) (*http.Response, error) {
			arrived <- r.URL.Path
			<-leave
			return answer(r, http.StatusOK, `{"success":true,"text":"hello"}`)
		})
		done := make(chan struct{})
		for _, id := range []string{"same", "same", "other"} {
			call := newCall(new(greeting))
			call.Turn = pipeline.Turn{Channel: "channel", ID: id}
			go func() {
				defer func() { done <- struct{}{} }()
				if f := caller.Do(t.Context(), call); f != nil {
					t.Errorf("%s: %+v", id, f)
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
