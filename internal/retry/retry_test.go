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

// attempt is how one ended; with the outcome Accepted it did not fail.
type attempt struct {
	Outcome            Outcome
	Status             int
	Code               string
	RetryAfter         time.Duration
	NotFromAPI, CutOff bool
	Took               time.Duration
	Ended              bool
}

var accepted = attempt{Outcome: Accepted}

func next(call *Call, a attempt) Decision {
	if a.Outcome == Accepted {
		return call.Next(nil, a.Took, a.Ended)
	}
	return call.Next(&Failure{
		Outcome: a.Outcome, Status: a.Status, Code: a.Code, RetryAfter: a.RetryAfter, NotFromAPI: a.NotFromAPI, CutOff: a.CutOff,
	}, a.Took, a.Ended)
}

// The rules of the three kinds of calls there are.
var (
	upsert = Rule{Harmless: true}
	create = Rule{Proves: func(f *Failure) bool { return f.Code == "CHANNEL_ALREADY_EXISTS" }}
	remove = Rule{Harmless: true, Proves: func(f *Failure) bool { return f.Status == 404 && f.Code == "NOT_FOUND" }}
)

// again is the rule of a creation that the caller wants repeated.
func again(r Rule) Rule { r.Harmless = true; return r }

// The table of what is retried: for each kind of call, what an attempt's result leads to.
func TestFirstDecision(t *testing.T) {
	t.Parallel()
	refused := func(status int, code string) attempt { return attempt{Outcome: Rejected, Status: status, Code: code} }
	lost := func(status int) attempt { return attempt{Outcome: Unknown, Status: status} }
	for _, c := range []struct {
		name                   string
		result                 attempt
		upsert, create, remove Action
	}{
		{"accepted", accepted, Done, Done, Done},
		{"proven unsent", attempt{Outcome: NotSent}, Again, Again, Again},
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
		{"context ended, unsent", attempt{Outcome: NotSent, Ended: true}, Fail, Fail, Fail},
		{"context ended, sent", attempt{Outcome: Unknown, Ended: true}, Fail, Fail, Fail},
	} {
		for _, k := range []struct {
			name string
			rule Rule
			want Action
		}{{"upsert", upsert, c.upsert}, {"create", create, c.create}, {"delete", remove, c.remove}} {
			kind, want := k.name, k.want
			call := policy().Begin(k.rule)
			d := next(&call, c.result)
			if d.Action != want {
				t.Errorf("%s, kind %s: action %d (%s), want %d", c.name, kind, d.Action, d.Reason, want)
			}
			if d.Action != Done && d.Reason == "" {
				t.Errorf("%s, kind %s: no reason", c.name, kind)
			}
			if call.Unknown != (c.result.Outcome == Unknown) {
				t.Errorf("%s, kind %s: unknown is %v", c.name, kind, call.Unknown)
			}
		}
	}
}

// What follows an attempt of unknown outcome is read in its light.
func TestAfterUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		rule    Rule
		next    attempt
		action  Action
		unknown bool
	}{
		{"gone", remove, attempt{Outcome: Rejected, Status: 404, Code: "NOT_FOUND"}, DoneEarlier, true},
		{"gone, or a wrong base URL", remove, attempt{Outcome: Rejected, Status: 404}, Fail, true},
		{"there already", create, attempt{Outcome: Rejected, Status: 409, Code: "CHANNEL_ALREADY_EXISTS"}, DoneEarlier, true},
		{"there already, by its code", create, attempt{Outcome: Rejected, Status: 400, Code: "CHANNEL_ALREADY_EXISTS"}, DoneEarlier, true},
		{"not about this kind", upsert, attempt{Outcome: Rejected, Status: 404, Code: "NOT_FOUND"}, Fail, true},
		{"never acceptable", upsert, attempt{Outcome: Rejected, Status: 400}, Fail, false},
		{"too large", upsert, attempt{Outcome: Rejected, Status: 413}, Fail, false},
		{"refused by a proxy", upsert, attempt{Outcome: Rejected, Status: 400, NotFromAPI: true}, Fail, true},
		{"a refusal that was cut off", upsert, attempt{Outcome: Rejected, Status: 400, CutOff: true}, Fail, true},
		{"refused now", upsert, attempt{Outcome: Rejected, Status: 403}, Fail, true},
		{"not sent", upsert, attempt{Outcome: NotSent, Ended: true}, Fail, true},
	} {
		p := policy()
		call := p.Begin(again(c.rule))
		if d := next(&call, attempt{Outcome: Unknown}); d.Action != Again {
			t.Errorf("%s: action %d, want a retry", c.name, d.Action)
		}
		d := next(&call, c.next)
		if d.Action != c.action || call.Unknown != c.unknown {
			t.Errorf("%s: action %d (%s), unknown %v; want %d, %v", c.name, d.Action, d.Reason, call.Unknown, c.action, c.unknown)
		}
	}
	// An attempt that was never sent explains nothing.
	call := policy().Begin(remove)
	next(&call, attempt{Outcome: NotSent})
	if d := next(&call, attempt{Outcome: Rejected, Status: 404, Code: "NOT_FOUND"}); d.Action != Fail {
		t.Errorf("gone after an attempt that was not sent: action %d, want the error", d.Action)
	}
}

// waits drives a call until it ends, and returns the waits and the last decision.
func waits(call *Call, results ...attempt) (list []time.Duration, last Decision) {
	for i := 0; ; i++ {
		last = next(call, results[min(i, len(results)-1)])
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
		results []attempt
		want    []time.Duration
		reason  string
	}{
		{"attempts", nil, []attempt{{}}, []time.Duration{250 * ms, 500 * ms, sec}, "no attempts left"},
		{"jitter", func(p *Policy) { p.Rand = func() float64 { return 0.5 } }, []attempt{{}}, []time.Duration{125 * ms, 250 * ms, 500 * ms}, "no attempts left"},
		{"cap", func(p *Policy) { p.Attempts = 8 }, []attempt{{}}, []time.Duration{250 * ms, 500 * ms, sec, 2 * sec, 4 * sec, 8 * sec, 8 * sec}, "no attempts left"},
		{"no overflow", func(p *Policy) { p.Attempts, p.Total, p.Base, p.Cap, p.Budget.tokens = 40, time.Hour, ms, ms, 1000 }, []attempt{{}}, slices.Repeat([]time.Duration{ms}, 39), "no attempts left"},
		{"time", nil, []attempt{{Took: 20 * sec}}, []time.Duration{250 * ms, 500 * ms}, "no time left"},
		{"the wait counts", func(p *Policy) { p.Total = 4 * sec; p.Cap = 3 * sec; p.Base = 3 * sec }, []attempt{{}}, []time.Duration{3 * sec}, "no time left"},
		{"asked for", nil, []attempt{{RetryAfter: 7 * sec}}, []time.Duration{7250 * ms, 7500 * ms, 8 * sec}, "no attempts left"},
		{"asked for the longest", nil, []attempt{{RetryAfter: 10 * sec}}, []time.Duration{10250 * ms, 10500 * ms, 11 * sec}, "no attempts left"},
		{"asked for, and the jitter would last too long", func(p *Policy) { p.Total = 8 * sec }, []attempt{{RetryAfter: 7900 * ms}}, []time.Duration{7950 * ms}, "no time left"},
		{"asked for all the time there is", func(p *Policy) { p.Total = 8 * sec }, []attempt{{RetryAfter: 8 * sec}}, nil, "no time left"},
		{"asked for too much", nil, []attempt{{RetryAfter: 11 * sec}}, nil, "the server asks for a longer wait than is made here"},
		{"429 is the limiter's wait", nil, []attempt{{Outcome: Rejected, Status: 429, RetryAfter: 2 * sec}}, []time.Duration{0, 0, 0}, "no attempts left"},
		{"429 does not wait here", func(p *Policy) { p.Total = sec }, []attempt{{Outcome: Rejected, Status: 429, RetryAfter: 2 * sec}}, []time.Duration{0, 0, 0}, "no attempts left"},
		{"429 for long", nil, []attempt{{Outcome: Rejected, Status: 429, RetryAfter: 11 * sec}}, nil, "the server asks for a longer wait than is made here"},
		{"budget", func(p *Policy) { p.Budget.tokens = 12 }, []attempt{{}}, []time.Duration{250 * ms, 500 * ms}, "too many calls fail for more retries"},
		{"429 costs no budget", func(p *Policy) { p.Budget.tokens = 0 }, []attempt{{Outcome: Rejected, Status: 429}}, []time.Duration{0, 0, 0}, "no attempts left"},
	} {
		p := policy()
		if c.policy != nil {
			c.policy(p)
		}
		call := p.Begin(upsert)
		got, last := waits(&call, c.results...)
		if !slices.Equal(got, c.want) || last.Reason != c.reason || last.Action != Fail {
			t.Errorf("%s: waits %v, then %q; want %v, then %q", c.name, got, last.Reason, c.want, c.reason)
		}
	}
}

// A credential is renewed once, and what it cost is not taken from the attempts.
func TestRenewOnce(t *testing.T) {
	t.Parallel()
	call := policy().Begin(upsert)
	refused := attempt{Outcome: Rejected, Status: 401}
	if d := next(&call, refused); d.Action != Renew {
		t.Fatalf("action %d, want to renew", d.Action)
	}
	if got, _ := waits(&call, attempt{}); len(got) != 3 || call.Attempts != 5 {
		t.Errorf("%d retries in %d attempts, want 3 in 5", len(got), call.Attempts)
	}
	call = policy().Begin(create)
	next(&call, refused)
	if d := next(&call, refused); d.Action != Fail {
		t.Errorf("action %d on the second 401, want the error", d.Action)
	}
	call = policy().Begin(create)
	if d := next(&call, attempt{Outcome: Rejected, Status: 401, Took: time.Minute}); d.Action != Fail {
		t.Errorf("action %d without time left, want the error", d.Action)
	}
}

// A call that was held back begins anew, but what it may have done is not forgotten.
func TestAfresh(t *testing.T) {
	t.Parallel()
	call := policy().Begin(upsert)
	waits(&call, attempt{Outcome: Unknown})
	call.Afresh()
	if got, _ := waits(&call, attempt{Outcome: NotSent}); len(got) != 3 || got[0] != 250*ms || call.Attempts != 8 || !call.Unknown {
		t.Errorf("%v, %d attempts, unknown %t", got, call.Attempts, call.Unknown)
	}
}

// The last attempt may take what is left of the total.
func TestTimeout(t *testing.T) {
	t.Parallel()
	p := policy()
	call := p.Begin(upsert)
	if call.Timeout() != 15*sec {
		t.Errorf("first timeout %v", call.Timeout())
	}
	next(&call, attempt{Took: 50 * sec})
	if want := 10*sec - 250*ms; call.Timeout() != want {
		t.Errorf("timeout %v, want %v", call.Timeout(), want)
	}
	if p.Total != time.Minute {
		t.Errorf("total %v, want a minute", p.Total)
	}
}
