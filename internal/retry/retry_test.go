package retry

import (
	"slices"
	"testing"
	"time"
)

// policy returns the default with the longest backoff, so that waits can be foretold.
func policy() *Policy {
	p := Default(15 * time.Second)
	p.Rand = func() float64 { return 1 }
	return &p
}

const (
	ms  = time.Millisecond
	sec = time.Second
)

// The table of what is retried: for each kind of call, what an attempt's result leads to.
func TestFirstDecision(t *testing.T) {
	t.Parallel()
	refused := func(status int, code string) Result { return Result{Reach: Refused, Status: status, Code: code} }
	lost := func(status int) Result { return Result{Reach: Unknown, Status: status} }
	for _, c := range []struct {
		name                   string
		result                 Result
		upsert, create, delete Action
	}{
		{"accepted", Result{Reach: Accepted, Status: 200}, Done, Done, Done},
		{"proven unsent", Result{Reach: Unsent}, Again, Again, Again},
		{"no answer", lost(0), Again, Fail, Again},
		{"408", lost(408), Again, Fail, Again},
		{"500", lost(500), Again, Fail, Again},
		{"503", lost(503), Again, Fail, Again},
		{"a broken body", lost(200), Again, Fail, Again},
		{"429", refused(429, ""), Again, Again, Again},
		{"401", refused(401, ""), Renew, Renew, Renew},
		{"400", refused(400, "INVALID_BODY"), Fail, Fail, Fail},
		{"402", refused(402, ""), Fail, Fail, Fail},
		{"403", refused(403, "ADMIN_ONLY"), Fail, Fail, Fail},
		{"404", refused(404, ""), Fail, Fail, Fail},
		{"404 NOT_FOUND", refused(404, "NOT_FOUND"), Fail, Fail, Fail},
		{"409", refused(409, "CHANNEL_ALREADY_EXISTS"), Fail, Fail, Fail},
		{"410", refused(410, ""), Fail, Fail, Fail},
		{"413", refused(413, ""), Fail, Fail, Fail},
		{"422", refused(422, ""), Fail, Fail, Fail},
		{"a redirect", refused(302, ""), Fail, Fail, Fail},
		{"a redirect to the result", lost(303), Fail, Fail, Fail},
		{"200 without success", refused(200, "INVALID_BODY"), Fail, Fail, Fail},
		{"context ended, unsent", Result{Reach: Unsent, Ended: true}, Fail, Fail, Fail},
		{"context ended, sent", Result{Reach: Unknown, Ended: true}, Fail, Fail, Fail},
	} {
		for kind, want := range map[Kind]Action{Upsert: c.upsert, Create: c.create, Delete: c.delete} {
			call := policy().Begin(kind)
			d := call.Next(c.result)
			if d.Action != want {
				t.Errorf("%s, kind %d: action %d (%s), want %d", c.name, kind, d.Action, d.Reason, want)
			}
			if d.Action != Done && d.Reason == "" {
				t.Errorf("%s, kind %d: no reason", c.name, kind)
			}
			if call.Unknown != (c.result.Reach == Unknown) {
				t.Errorf("%s, kind %d: unknown is %v", c.name, kind, call.Unknown)
			}
		}
	}
}

// What follows an attempt of unknown outcome is read in its light.
func TestAfterUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		kind    Kind
		next    Result
		action  Action
		unknown bool
	}{
		{"gone", Delete, Result{Reach: Refused, Status: 404, Code: "NOT_FOUND"}, DoneEarlier, true},
		{"gone, or a wrong base URL", Delete, Result{Reach: Refused, Status: 404}, Fail, true},
		{"there already", Create, Result{Reach: Refused, Status: 409, Code: "CHANNEL_ALREADY_EXISTS"}, DoneEarlier, true},
		{"there already, by its code", Create, Result{Reach: Refused, Status: 400, Code: "CHANNEL_ALREADY_EXISTS"}, DoneEarlier, true},
		{"not about this kind", Upsert, Result{Reach: Refused, Status: 404, Code: "NOT_FOUND"}, Fail, true},
		{"never acceptable", Upsert, Result{Reach: Refused, Status: 400}, Fail, false},
		{"too large", Upsert, Result{Reach: Refused, Status: 413}, Fail, false},
		{"refused by a proxy", Upsert, Result{Reach: Refused, Status: 400, NotFromAPI: true}, Fail, true},
		{"refused now", Upsert, Result{Reach: Refused, Status: 403}, Fail, true},
		{"not sent", Upsert, Result{Reach: Unsent, Ended: true}, Fail, true},
	} {
		p := policy()
		p.RetryCreates = true
		call := p.Begin(c.kind)
		if d := call.Next(Result{Reach: Unknown}); d.Action != Again {
			t.Errorf("%s: action %d, want a retry", c.name, d.Action)
		}
		d := call.Next(c.next)
		if d.Action != c.action || call.Unknown != c.unknown {
			t.Errorf("%s: action %d (%s), unknown %v; want %d, %v", c.name, d.Action, d.Reason, call.Unknown, c.action, c.unknown)
		}
	}
	// An attempt that was never sent explains nothing.
	call := policy().Begin(Delete)
	call.Next(Result{Reach: Unsent})
	if d := call.Next(Result{Reach: Refused, Status: 404, Code: "NOT_FOUND"}); d.Action != Fail {
		t.Errorf("gone after an attempt that was not sent: action %d, want the error", d.Action)
	}
}

// waits drives a call until it ends, and returns the waits and the last decision.
func waits(call *Call, results ...Result) (list []time.Duration, last Decision) {
	for i := 0; ; i++ {
		last = call.Next(results[min(i, len(results)-1)])
		if last.Action != Again {
			return list, last
		}
		list = append(list, last.Wait)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		policy  func(*Policy)
		results []Result
		want    []time.Duration
		reason  string
	}{
		{"attempts", nil, []Result{{}}, []time.Duration{250 * ms, 500 * ms, sec}, "no attempts left"},
		{"jitter", func(p *Policy) { p.Rand = func() float64 { return 0.5 } }, []Result{{}}, []time.Duration{125 * ms, 250 * ms, 500 * ms}, "no attempts left"},
		{"cap", func(p *Policy) { p.Attempts = 8 }, []Result{{}}, []time.Duration{250 * ms, 500 * ms, sec, 2 * sec, 4 * sec, 8 * sec, 8 * sec}, "no attempts left"},
		{"no overflow", func(p *Policy) { p.Attempts, p.Total, p.Base, p.Cap, p.Budget.tokens = 40, time.Hour, ms, ms, 1000 }, []Result{{}}, slices.Repeat([]time.Duration{ms}, 39), "no attempts left"},
		{"time", nil, []Result{{Took: 20 * sec}}, []time.Duration{250 * ms, 500 * ms}, "no time left"},
		{"the wait counts", func(p *Policy) { p.Total = 4 * sec; p.Cap = 3 * sec; p.Base = 3 * sec }, []Result{{}}, []time.Duration{3 * sec}, "no time left"},
		{"asked for", nil, []Result{{RetryAfter: 7 * sec}}, []time.Duration{7250 * ms, 7500 * ms, 8 * sec}, "no attempts left"},
		{"asked for too much", nil, []Result{{RetryAfter: 11 * sec}}, nil, "the server asks for a longer wait than is made here"},
		{"429 is the limiter's wait", nil, []Result{{Reach: Refused, Status: 429, RetryAfter: 2 * sec}}, []time.Duration{0, 0, 0}, "no attempts left"},
		{"429 for long", nil, []Result{{Reach: Refused, Status: 429, RetryAfter: 11 * sec}}, nil, "the server asks for a longer wait than is made here"},
		{"budget", func(p *Policy) { p.Budget.tokens = 12 }, []Result{{}}, []time.Duration{250 * ms, 500 * ms}, "too many calls fail for more retries"},
		{"429 costs no budget", func(p *Policy) { p.Budget.tokens = 0 }, []Result{{Reach: Refused, Status: 429}}, []time.Duration{0, 0, 0}, "no attempts left"},
	} {
		p := policy()
		if c.policy != nil {
			c.policy(p)
		}
		call := p.Begin(Upsert)
		got, last := waits(&call, c.results...)
		if !slices.Equal(got, c.want) || last.Reason != c.reason || last.Action != Fail {
			t.Errorf("%s: waits %v, then %q; want %v, then %q", c.name, got, last.Reason, c.want, c.reason)
		}
	}
}

// A credential is renewed once, and what it cost is not taken from the attempts.
func TestRenewOnce(t *testing.T) {
	t.Parallel()
	call := policy().Begin(Upsert)
	refused := Result{Reach: Refused, Status: 401}
	if d := call.Next(refused); d.Action != Renew {
		t.Fatalf("action %d, want to renew", d.Action)
	}
	if got, _ := waits(&call, Result{}); len(got) != 3 || call.Attempts != 5 {
		t.Errorf("%d retries in %d attempts, want 3 in 5", len(got), call.Attempts)
	}
	call = policy().Begin(Create)
	call.Next(refused)
	if d := call.Next(refused); d.Action != Fail {
		t.Errorf("action %d on the second 401, want the error", d.Action)
	}
	call = policy().Begin(Create)
	if d := call.Next(Result{Reach: Refused, Status: 401, Took: time.Minute}); d.Action != Fail {
		t.Errorf("action %d without time left, want the error", d.Action)
	}
}

// A call that was held back begins anew, but what it may have done is not forgotten.
func TestAfresh(t *testing.T) {
	t.Parallel()
	call := policy().Begin(Upsert)
	waits(&call, Result{Reach: Unknown})
	call.Afresh()
	if got, _ := waits(&call, Result{Reach: Unsent}); len(got) != 3 || got[0] != 250*ms || call.Attempts != 8 || !call.Unknown {
		t.Errorf("%v, %d attempts, unknown %t", got, call.Attempts, call.Unknown)
	}
}

// The last attempt may take what is left of the total.
func TestTimeout(t *testing.T) {
	t.Parallel()
	p := policy()
	call := p.Begin(Upsert)
	if call.Timeout() != 15*sec {
		t.Errorf("first timeout %v", call.Timeout())
	}
	call.Next(Result{Took: 50 * sec})
	if want := 10*sec - 250*ms; call.Timeout() != want {
		t.Errorf("timeout %v, want %v", call.Timeout(), want)
	}
	if p.Total != time.Minute {
		t.Errorf("total %v, want a minute", p.Total)
	}
}
