// How far a run goes: waits, lists, samples, and what it keeps.

package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// startRun is a run over an app, in the midst of a check.
func startRun(t *testing.T, app http.HandlerFunc) *run {
	t.Helper()
	url := "http://127.0.0.1:1"
	if app != nil {
		server := httptest.NewServer(app)
		t.Cleanup(server.Close)
		url = server.URL
	}
	r, err := newRun(t.Context(), Config{Provider: emulator.Provider{BaseURL: url}, Channel: "c", ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret")})
	if err != nil {
		t.Fatal(err)
	}
	r.report.Checks = []Check{{Name: "under-way"}}
	r.check = &r.report.Checks[0]
	return r
}

func TestA429IsWaitedForWithinBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &run{}
		for _, test := range []struct{ ahead, want time.Duration }{{3 * time.Second, 3 * time.Second}, {24 * time.Hour, 10 * time.Second}, {-time.Hour, 0}, {0, time.Second}} {
			now := time.Now()
			retryBy := "tomorrow"
			if test.ahead != 0 {
				retryBy = now.Add(test.ahead).Format(time.RFC3339)
			}
			body := fmt.Appendf(nil, `{"success":false,"data":{"message":"","code":"RATE_LIMIT_EXCEEDED","retry_by":%q}}`, retryBy)
			r.wait(t.Context(), answer{Answer: providercall.Answer{StatusCode: http.StatusTooManyRequests, Body: body}})
			if got := time.Since(now); got != test.want {
				t.Errorf("%s: %v, want %v", retryBy, got, test.want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		now := time.Now()
		if r.wait(ctx, answer{}); time.Since(now) != 0 {
			t.Error("it waited after the end")
		}
	})
}

func TestA429IsAskedAgainThreeTimes(t *testing.T) {
	t.Parallel()
	r := startRun(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"success":false,"data":{"message":"","code":"RATE_LIMIT_EXCEEDED","retry_by":"2026-03-01T08:00:00Z"}}`))
	})
	a := r.ask(t.Context(), ask{call: func(ctx context.Context) (providercall.Answer, error) { return r.app.GetTemplates(ctx, "c") }})
	if a.StatusCode != http.StatusTooManyRequests || len(r.check.Exchanges) != 1+maxWaits {
		t.Errorf("%d after %d calls", a.StatusCode, len(r.check.Exchanges))
	}
}

func TestAHistoryThatIsTooLargeIsNotKept(t *testing.T) {
	t.Parallel()
	r := startRun(t, nil)
	n := 0
	next := func(context.Context, string) page {
		n++
		c := providerclient.Conversation{ID: fmt.Sprint("c", n), Messages: []providerclient.Message{{ID: "m", Message: strings.Repeat("x", 1<<20), Attachments: []providerclient.Attachment{{URL: strings.Repeat("u", 1<<20)}}}}}
		if kept := r.trim(c); kept.Messages[0].Message != "" {
			t.Error("the text is kept")
		}
		return page{ok: true, ids: []string{c.ID}, after: fmt.Sprint(n)}
	}
	if ended := r.follow(t.Context(), "", 100, true, next); ended || n != maxKept>>20+1 && n != maxKept>>20 || r.check.Verdict != NotChecked {
		t.Errorf("%d pages, %s: %s", n, r.check.Verdict, r.check.Reason)
	}
}

func TestSamplesAreSpread(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "[]", 3: "[0 1 2]", 10: "[0 1 2 3 4 5 6 7 8 9]", 91: "[0 10 20 30 40 50 60 70 80 90]"} {
		all := []int{}
		for i := range n {
			all = append(all, i)
		}
		if got := fmt.Sprint(spread(all)); got != want {
			t.Errorf("of %d: %s, want %s", n, got, want)
		}
	}
}

func TestFiftyConversationsAreAskedForOneByOne(t *testing.T) {
	t.Parallel()
	asked := 0
	r := startRun(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.NotFound(w, r)
	})
	for i := range 60 {
		r.known = append(r.known, providerclient.Conversation{ID: fmt.Sprint("c", i)})
	}
	if r.conversations(t.Context()); asked != maxConversations {
		t.Errorf("%d were asked for", asked)
	}
}

func TestExcerptsAreShortAndWhole(t *testing.T) {
	t.Parallel()
	h := hider{"the-secret"}
	for _, text := range []string{strings.Repeat("ä", 100_000), "x" + strings.Repeat("ä", 100_000), strings.Repeat("\xff", 100_000), strings.Repeat("the-secret ", 10_000)} {
		got := h.excerpt([]byte(text))
		if len(got) > maxExcerpt+len("…") || !strings.HasSuffix(got, "…") || strings.Contains(got, "the-secre") || strings.ContainsRune(strings.TrimSuffix(got, "…"), '\x00') {
			t.Errorf("%d bytes: %.100s", len(got), got)
		}
	}
	if got := h.excerpt([]byte("short")); got != "short" {
		t.Errorf("%q", got)
	}
}

// A message that comes while the check runs is missing in no list.
func TestNewMessagesAreNotMissing(t *testing.T) {
	t.Parallel()
	r := startRun(t, nil)
	old, now := r.began.Add(-time.Hour).UTC().Format(time.RFC3339), r.began.UTC().Format("2006-01-02 15:04")
	for at, missing := range map[string]int{old: 1, now: 0, "unreadable": 0} {
		r.check.Findings, r.ended = nil, true
		r.unreachable(providerclient.Conversation{ID: "c1", Messages: []providerclient.Message{{ID: "m", CreatedAt: at}}}, "", 0)
		r.known = []providerclient.Conversation{{ID: "c1"}}
		r.beyond(answer{}, providerclient.Conversation{ID: "c2", Messages: []providerclient.Message{{ID: "m", CreatedAt: at}}})
		if got := len(r.check.Findings); got != 2*missing {
			t.Errorf("%s: %v", at, r.check.Findings)
		}
	}
	r.check.Findings, r.ended = nil, false
	r.beyond(answer{}, providerclient.Conversation{ID: "c2"})
	if len(r.check.Findings) > 0 {
		t.Errorf("a list that was not read to its end misses something: %v", r.check.Findings)
	}
}

// A conversation whose page of thirty has no cursor, and more behind it.
func TestMoreBehindAFullPageOfMessages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		total, pages   int
		sound, missing bool
	}{{30, 100, false, false}, {31, 100, false, true}, {31, 100, true, false}, {31, 1, true, false}} {
		total := test.total
		r := startRun(t, func(w http.ResponseWriter, r *http.Request) {
			limit, after, messages := 0, 0, []string{}
			_, _ = fmt.Sscan(r.URL.Query().Get("messages_limit"), &limit)
			_, _ = fmt.Sscan(r.URL.Query().Get("after"), &after)
			for n := after; n < min(after+limit, total); n++ {
				messages = append(messages, fmt.Sprintf(`{"id":"m%d","status":"read","created_at":"2026-03-01 07:58","message":"","sender_id":"ada"}`, n))
			}
			next := ""
			if after+limit < total && (test.sound || limit < 30) {
				next = fmt.Sprint(after + limit)
			}
			_, _ = fmt.Fprintf(w, `{"success":true,"additional_data":{},"data":{"id":"c1","link":"","status":"open","seen":true,"next_messages_cursor":%q,"messages":[%s],`+
				`"participants":[{"id":"shop","name":"S","role":"source_user"},{"id":"ada","name":"A","role":"end_user"}]}}`, next, strings.Join(messages, ","))
		})
		r.cfg.Pages, r.known = test.pages, []providerclient.Conversation{{ID: "c1"}}
		r.conversations(t.Context())
		r.smallMessagePages(t.Context())
		found := false
		for _, f := range r.check.Findings {
			found = found || f.Rule == "cursor-missing"
		}
		if found != test.missing {
			t.Errorf("%+v: %v", test, r.check.Findings)
		}
	}
}

// Of an app elsewhere no message is sent into a conversation that nobody named.
func TestNoMessageToStrangers(t *testing.T) {
	t.Parallel()
	cfg := Config{Provider: emulator.Provider{BaseURL: "https://m.example"}, Channel: "c", ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret")}
	for conversation, may := range map[string]bool{"": false, "c1": true} {
		cfg.Conversation = conversation
		r, err := newRun(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		r.check = &Check{}
		r.known = []providerclient.Conversation{{ID: "c0", Status: providerclient.Open, Participants: []providerclient.Participant{{ID: "shop", Role: providerclient.SourceUser}, {ID: "ada", Role: providerclient.EndUser}}}}
		if form, ok := r.letter(); ok != may || form.ConversationID != conversation {
			t.Errorf("%q: %v %+v %s", conversation, ok, form, r.check.Reason)
		}
	}
}

func TestReasonsAreShort(t *testing.T) {
	t.Parallel()
	r := startRun(t, nil)
	r.violation(answer{}, "id", "", "%q and %q", strings.Repeat("x", 1<<20), strings.Repeat("ä", 1<<20))
	if n := len(r.check.Findings[0].Reason); n > 1000 {
		t.Errorf("%d bytes", n)
	}
}

// Messages go into the first conversation that is open and has both sides.
func TestMessagesGoIntoAnOpenConversation(t *testing.T) {
	t.Parallel()
	r := startRun(t, nil)
	shop, ada := providerclient.Participant{ID: "shop", Role: providerclient.SourceUser}, providerclient.Participant{ID: "ada", Role: providerclient.EndUser}
	r.known = []providerclient.Conversation{
		{ID: "closed", Status: providerclient.Closed, Participants: []providerclient.Participant{shop, ada}},
		{ID: "alone", Status: providerclient.Open, Participants: []providerclient.Participant{shop}},
		{ID: "open", Status: providerclient.Open, Participants: []providerclient.Participant{shop, ada}},
	}
	if form, ok := r.letter(); !ok || form.ConversationID != "open" || form.SenderID != "shop" || len(form.RecipientIDs) != 1 {
		t.Errorf("%v %+v", ok, form)
	}
}
