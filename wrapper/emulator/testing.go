// What a test in Go asks and does: wait for what comes, walk through an authorization, set faults.

package emulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// MessageQuery says which message; what is empty does not matter.
type MessageQuery struct {
	ProviderChannelID string
	ConversationID    string
	Text              string // part of the text, or the id of the message
	Status            string // "unconfirmed" is that of a reply that the app has not confirmed
}

// ExchangeQuery says which exchanges; what is empty does not matter.
type ExchangeQuery struct {
	Operation string // such as receiveMessage, token or postMessage
	Status    int    // of the answer
	Verdict   Verdict
}

// Verdict is what the documents say of an exchange.
type Verdict string

// The verdicts.
const (
	VerdictOK        Verdict = "ok"        // as documented
	VerdictLenient   Verdict = "lenient"   // accepted, although a published source refuses it
	VerdictRefused   Verdict = "refused"   // by a rule
	VerdictViolation Verdict = "violation" // answered by the app in another way than documented
	VerdictFailed    Verdict = "failed"    // without a good answer
	VerdictFault     Verdict = "fault"     // met a fault that was set
)

// Exchange is a request and its answer, with what was decided. Secrets in it are hidden.
type Exchange struct {
	Number, Cause int64 // Cause is the exchange that caused it; 0 if none did
	ToApp         bool  // Pipedrive calls the app; else the app calls Pipedrive
	Time          time.Time
	Operation     string
	About         string // the id that it is about
	Method, URL   string
	Status        int // 0: no answer came
	Code, Reason  string
	Verdict       Verdict
	Rules         []string // what decided, and what it rests on
	Findings      []string // what the documents say against it
	RequestBody   string
	ResponseBody  string
}

// Exchanges returns the exchanges that match, the oldest first. The latest 2,000 are kept.
func (e *Emulator) Exchanges(q ExchangeQuery) []Exchange {
	found := e.exchanges.Find(q.query())
	out := make([]Exchange, 0, len(found))
	for _, x := range slices.Backward(found) {
		out = append(out, exchangeOfTest(x))
	}
	return out
}

func (q ExchangeQuery) query() exchanges.Query {
	out := exchanges.Query{Operation: q.Operation, Verdict: emulatorserver.Verdict(q.Verdict)}
	if q.Status != 0 {
		out.Status = &q.Status
	}
	return out
}

func exchangeOfTest(x *exchanges.Exchange) Exchange {
	v := x.View(true)
	out := Exchange{
		Number: v.Number, Cause: v.Cause, ToApp: v.Direction == emulatorserver.Out, Time: v.Time, Operation: v.Operation, About: v.About,
		Method: v.Method, URL: v.URL, Status: v.Status, Code: v.Code, Reason: v.Reason, Verdict: Verdict(v.Verdict),
		RequestBody: v.Request.Body, ResponseBody: v.Response.Body,
	}
	for _, r := range v.Rules {
		out.Rules = append(out.Rules, fmt.Sprintf("%s (%s): %s", r.ID, r.Provenance, r.Says))
	}
	for _, f := range v.Findings {
		out.Findings = append(out.Findings, strings.TrimPrefix(f.Where+": "+f.Reason, ": "))
	}
	return out
}

// patienceOfTests is how long a test waits.
const patienceOfTests = 10 * time.Second

// WaitForMessage returns the newest message that matches, at once if there is one, else when it comes. The
// test fails, with the tree of what happened, if none comes within 10 seconds.
func (e *Emulator) WaitForMessage(t TB, q MessageQuery) Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	m, err := e.waitForMessage(ctx, state.MessageQuery{
		ChannelID: q.ProviderChannelID, ConversationID: q.ConversationID, Text: q.Text, Status: q.Status,
	})
	if err != nil {
		t.Fatalf("emulator: no message %+v came. What happened:\n%s", q, clipped(e.Tree()))
	}
	return shown(m)
}

// WaitForExchange returns the newest exchange that matches, at once if there is one, otherwise as soon as one completes. The
// test fails, with the tree of what happened, if there is none within 10 seconds.
func (e *Emulator) WaitForExchange(t TB, q ExchangeQuery) Exchange {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	x, err := e.waitForExchange(ctx, q.query())
	if err != nil {
		t.Fatalf("emulator: no exchange %+v was there. What happened:\n%s", q, clipped(e.Tree()))
		return Exchange{}
	}
	return exchangeOfTest(x)
}

// FaultKind says what happens to a call.
type FaultKind string

// The kinds of faults.
const (
	FaultStatus  FaultKind = "status"  // a status with the API's envelope
	FaultPage    FaultKind = "page"    // an HTML page of a proxy
	FaultDelay   FaultKind = "delay"   // carried out later
	FaultReset   FaultKind = "reset"   // the connection ends before anything is done
	FaultDrop    FaultKind = "drop"    // done, and the answer is lost
	FaultDouble  FaultKind = "double"  // done twice
	FaultReorder FaultKind = "reorder" // done after the next call of the operation, or after 5 seconds
	FaultBurst   FaultKind = "burst"   // 429
	FaultDaily   FaultKind = "daily"   // 429 of a day whose budget is used up
	FaultExpired FaultKind = "expired" // 401, as with an access token that has expired
)

// Fault is what happens to calls that match.
type Fault struct {
	Kind           FaultKind
	Operation      string        // such as receiveMessage, token or postMessage; empty: all calls of the app on Pipedrive
	ConversationID string        // only calls about this conversation
	Nth            int           // only the nth of them, counted from 1; 0: every one
	Times          int           // how many calls meet it; 0: no bound
	Status         int           // of FaultStatus (0: 500) and FaultPage (0: 502)
	Code           string        // of FaultStatus
	Delay          time.Duration // of FaultDelay
}

// Fault sets a fault, until [Emulator.ClearFaults]. It fails if there is no such fault.
func (e *Emulator) Fault(f Fault) error {
	_, err := e.faults.Add(emulatorserver.Fault{
		Kind: emulatorserver.FaultKind(f.Kind), Operation: f.Operation, Conversation: f.ConversationID, Nth: f.Nth, Times: f.Times,
		Status: f.Status, Code: f.Code, DelayMs: int(f.Delay / time.Millisecond),
	})
	if err != nil {
		return fmt.Errorf("emulator: setting a fault: %w", err)
	}
	e.told(emulatorserver.EventKindFault)
	return nil
}

// ClearFaults removes all faults that were set.
func (e *Emulator) ClearFaults() {
	e.faults.Clear()
	e.told(emulatorserver.EventKindFault)
}

// Page is where a browser has ended.
type Page struct {
	URL    string
	Status int
	Body   string // its beginning
}

// Allow opens a URL as a browser does, with cookies and redirects, until the page on which a user decides, and
// allows the app as the first user. Give it the app's own page that leads there, so that the app can set its cookie, or the
// authorize URL itself. It returns where the browser ends: what the app answers at its callback URL. The test fails
// if that is an error, or if the way does not lead to the page.
func (s *Server) Allow(t TB, from string) Page {
	t.Helper()
	page, err := s.browse(from, "allow")
	if err == nil && page.Status >= http.StatusBadRequest {
		err = fmt.Errorf("the app answers %s with status %d: %s", page.URL, page.Status, page.Body)
	}
	if err != nil {
		t.Fatalf("emulator: allowing the app: %v. What happened:\n%s", err, clipped(s.Tree()))
	}
	return page
}

// Deny is [Server.Allow] by a user who does not allow the app. The app may answer with an error.
func (s *Server) Deny(t TB, from string) Page {
	t.Helper()
	page, err := s.browse(from, "deny")
	if err != nil {
		t.Fatalf("emulator: denying the app: %v. What happened:\n%s", err, clipped(s.Tree()))
	}
	return page
}

// maxHops bounds the redirects of a way.
const maxHops = 10

func (s *Server) browse(from, decision string) (Page, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return Page{}, err
	}
	browser := &http.Client{
		Jar: jar, Transport: newOutside(), Timeout: patienceOfTests,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	next, decided := from, false
	for range maxHops {
		u, err := url.Parse(next)
		if err != nil {
			return Page{}, errors.New("the way leads to what is no URL")
		}
		atPage := strings.HasPrefix(next, s.URL+"/oauth/authorize?")
		method, target, form := http.MethodGet, next, url.Values{}
		if atPage && !decided {
			method, target, form, decided = http.MethodPost, s.URL+"/oauth/authorize", u.Query(), true
			form.Set("decision", decision)
			form.Set("user", fmt.Sprint(s.cfg.Users[0].ID))
		}
		r, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(form.Encode())) // the client has a timeout
		if err != nil {
			return Page{}, err
		}
		if decided {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := browser.Do(r)
		if err != nil {
			return Page{}, err
		}
		page := Page{URL: next, Status: resp.StatusCode}
		if location, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 {
			_ = resp.Body.Close()
			next = location.String()
			continue
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		page.Body = string(body)
		switch err = cmp.Or(err, resp.Body.Close()); {
		case err != nil:
			return page, err
		case !decided:
			return page, fmt.Errorf("the way from %s ends at %s with status %d, before the page on which a user decides", from, page.URL, page.Status)
		}
		return page, nil
	}
	return Page{}, fmt.Errorf("after %d redirects there is no end", maxHops)
}
