// The way back, against a small app written by hand: wrapper/provider has no part in its own judge.

package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// theApp answers each request by its "METHOD path?query", and remembers them.
type theApp struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string
	calls   []string
	forms   []map[string][]string
}

func startApp(t *testing.T, answers map[string]string) *theApp {
	t.Helper()
	a := &theApp{answers: answers}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		call := r.Method + " " + r.URL.RequestURI()
		a.calls = append(a.calls, call)
		if id, secret, _ := r.BasicAuth(); id != "the-app" || secret != "the-secret" {
			t.Errorf("%s came without the credentials", call)
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			if err := r.ParseMultipartForm(1 << 20); err != nil {
				t.Errorf("%s: %v", call, err)
				return
			}
			form := r.MultipartForm.Value
			for _, f := range r.MultipartForm.File["files"] {
				file, _ := f.Open()
				content, _ := io.ReadAll(file)
				form["files"] = append(form["files"], f.Filename+" "+f.Header.Get("Content-Type")+" "+string(content))
			}
			a.forms = append(a.forms, form)
		}
		body, found := a.answers[call]
		switch {
		case strings.HasPrefix(body, "http"):
			http.Redirect(w, r, body, http.StatusTemporaryRedirect)
			return
		case !found:
			w.WriteHeader(http.StatusNotFound)
			body = `{"success":false,"data":{"message":"no","code":"NOT_FOUND"}}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *theApp) called() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// startWith starts an emulator that calls back, and returns its log as well.
func startWith(t *testing.T, p emulator.Provider) (api, *syncBuffer) {
	t.Helper()
	log := &syncBuffer{}
	return start(t, emulator.Config{
		ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"), Provider: p,
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	}), log
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

func settle(t *testing.T, e *emulator.Server) {
	t.Helper()
	if err := e.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const (
	people = `"participants":[{"id":"shop","name":"The Shop","role":"source_user"},` +
		`{"id":"ada","name":"Ada","role":"end_user","fetch_avatar":true},{"id":"ben","name":"Ben","role":"end_user","avatar_url":"https://m.example/ben.png","fetch_avatar":true}]`
	firstMessage = `{"id":"m1","status":"read","created_at":"2026-03-01 07:58","message":"Hello?","sender_id":"ada","reply_by":"2026-03-02T07:58:00.000Z",` +
		`"attachments":[{"id":"a1","type":"image/png","url":"https://m.example/1.png","size":1.5,"link_expires":true}]}`
	list = "GET /channels/c%2F1/conversations?conversations_limit=30&messages_limit=30"
)

func conversation(id, messages string) string {
	return `{"id":"` + id + `","link":"https://m.example/` + id + `","status":"open","seen":true,"messages":[` + messages + `],` + people + `}`
}

func historyPage(after string, conversations ...string) string {
	return fmt.Sprintf(`{"success":true,"data":[%s],"additional_data":{"after":%q}}`, strings.Join(conversations, ","), after)
}

const added = `{"name":"Shop","provider_channel_id":"c/1","provider_type":"whatsapp","template_support":true}`

func TestHistoryIsImported(t *testing.T) {
	t.Parallel()
	app := startApp(t, map[string]string{
		list:                              historyPage("p 2", conversation("v1", firstMessage)),
		list + "&after=p+2":               historyPage("p3", conversation("v2", "")),
		list + "&after=p3":                historyPage("p4"),
		"GET /channels/c%2F1/templates":   `{"success":true,"data":{"templates":[{"id":"t","name":"n","content":"Hello","language":"en"}]}}`,
		"GET /channels/c%2F1/senders/ada": `{"success":true,"data":{"id":"ada","name":"Ada","avatar_url":"https://m.example/ada.png"}}`,
		"DELETE /channels/c%2F1":          `{"success":true}`,
	})
	e, log := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(added)
	settle(t, e.Server)

	want := []string{
		list, "GET /channels/c%2F1/senders/ada",
		list + "&after=p+2",
		list + "&after=p3", "GET /channels/c%2F1/templates",
	}
	if got := app.called(); !slices.Equal(got, want) {
		t.Errorf("the app was called\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := fmt.Sprint(e.Conversations("c/1")); got != "[{v1 https://m.example/v1 open true [{shop The Shop source_user } "+
		"{ada Ada end_user https://m.example/ada.png} {ben Ben end_user https://m.example/ben.png}]} "+
		"{v2 https://m.example/v2 open true [{shop The Shop source_user } "+
		"{ada Ada end_user https://m.example/ada.png} {ben Ben end_user https://m.example/ben.png}]}]" {
		t.Errorf("the conversations are %s", got)
	}
	if got := fmt.Sprint(e.Messages("c/1", "v1")); got != "[{m1 ada v1 Hello? read 2026-03-01 07:58:00 +0000 UTC 2026-03-02 07:58:00 +0000 UTC  "+
		"[{a1 image/png https://m.example/1.png   1.5 true}]}]" {
		t.Errorf("the messages are %s", got)
	}
	if got := fmt.Sprint(e.Templates("c/1")); got != "[{t n Hello en}]" {
		t.Errorf("the templates are %s", got)
	}
	e.operation("deleteChannel", "DELETE", "/channels/c%2F1", "")
	settle(t, e.Server)
	if calls := app.called(); calls[len(calls)-1] != "DELETE /channels/c%2F1" {
		t.Errorf("the app was not told of the end: %v", calls)
	}
	const group = "3 people take part, and a conversation is between two"
	if strings.Count(log.String(), "WARN") != 2 || strings.Count(log.String(), group) != 2 || strings.Contains(log.String(), "the-secret") {
		t.Errorf("the log is\n%s", log)
	}
}

// Each app never ends, answers nonsense or sends the caller away: the import ends all the same.
func TestBrokenAppsEndTheImport(t *testing.T) {
	t.Parallel()
	elsewhere := startApp(t, nil)
	for name, test := range map[string]struct {
		answers map[string]string
		calls   int
		log     string
	}{
		"a cursor that repeats":  {map[string]string{list: historyPage("p", conversation("v1", "")), list + "&after=p": historyPage("p", conversation("v1", ""))}, 2, "cursor repeats"},
		"an empty page that has": {map[string]string{list: historyPage("c-next")}, 1, ""},
		"HTML":                   {map[string]string{list: "<html>"}, 1, "not what the document has"},
		"a refusal":              {nil, 1, "NOT_FOUND"},
		"a redirect":             {map[string]string{list: elsewhere.URL}, 1, "refused without a code"},
		"two source_users":       {map[string]string{list: historyPage("", strings.ReplaceAll(conversation("v1", ""), "end_user", "source_user"))}, 1, "want exactly one"},
		"a bad time":             {map[string]string{list: historyPage("", conversation("v1", strings.Replace(firstMessage, "03-01", "13-01", 1)))}, 1, "is no time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := startApp(t, test.answers)
			e, log := startWith(t, emulator.Provider{BaseURL: app.URL})
			e.addChannel(`{"name":"Shop","provider_channel_id":"c/1"}`)
			settle(t, e.Server)
			calls := slices.DeleteFunc(app.called(), func(c string) bool { return strings.Contains(c, "/senders/") })
			if len(calls) != test.calls || !strings.Contains(log.String(), test.log) {
				t.Errorf("%d calls, want %d, and the log %q:\n%s", len(calls), test.calls, test.log, log)
			}
			if n := len(elsewhere.called()); n != 0 {
				t.Errorf("the redirect was followed: %d calls", n)
			}
		})
	}
}

func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	n := 0
	var mu sync.Mutex
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		_, _ = io.WriteString(w, strings.ReplaceAll(historyPage(fmt.Sprint(n), conversation(fmt.Sprint("v", n), "")), "fetch_avatar", "other"))
	}))
	t.Cleanup(app.Close)
	e, log := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c/1"}`)
	settle(t, e.Server)
	if n != 100 || len(e.Conversations("c/1")) != 100 || !strings.Contains(log.String(), "no end") {
		t.Errorf("%d calls and %d conversations, want 100, and a warning:\n%s", n, len(e.Conversations("c/1")), log)
	}
}

// A message of an unknown conversation makes the emulator ask once; what was delivered stands.
func TestUnknownConversation(t *testing.T) {
	t.Parallel()
	const ask = "GET /channels/c%2F1/conversations/v1?messages_limit=30"
	app := startApp(t, map[string]string{
		ask: `{"success":true,"data":` + conversation("v1", strings.Replace(firstMessage, "m1", "m0", 1)+","+firstMessage) + `,"additional_data":{}}`,
	})
	e, _ := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c/1"}`)
	settle(t, e.Server)
	for _, status := range []string{"sent", "delivered"} {
		e.operation("receiveMessage", "POST", "/channels/messages/receive", `{"id":"m1","channel_id":"c/1","sender_id":"ada",`+
			`"conversation_id":"v1","message":"Hello?","status":"`+status+`","created_at":"2026-03-01 07:58","attachments":[]}`)
		settle(t, e.Server)
	}
	if calls := app.called(); !slices.Equal(calls, []string{list, ask}) {
		t.Errorf("the app was called %v", calls)
	}
	messages := e.Messages("c/1", "v1")
	if len(messages) != 2 || messages[0].ID != "m1" || messages[0].Status != "delivered" || messages[1].ID != "m0" {
		t.Errorf("the messages are %v", messages)
	}
	if c := e.Conversations("c/1"); len(c) != 1 || len(c[0].Participants) != 3 {
		t.Errorf("the conversations are %v", c)
	}
	// Deleted, it is unknown again.
	e.operation("deleteConversation", "DELETE", "/channels/c%2F1/conversations/v1", "")
	if c := e.Conversations("c/1"); len(c) != 0 {
		t.Errorf("the conversations are %v", c)
	}
}

func TestProviderIsChecked(t *testing.T) {
	t.Parallel()
	for wrong, p := range map[string]emulator.Provider{
		"not https":         {BaseURL: "http://messenger.example"},
		"no host":           {BaseURL: "/x"},
		"carries a user":    {BaseURL: "https://u:p@messenger.example"},
		"a query":           {BaseURL: "https://messenger.example?x"},
		"either":            {BaseURL: "https://messenger.example", Manifest: []byte("{}")},
		"names no":          {Manifest: []byte("{}")},
		"no JSON":           {Manifest: []byte("{")},
		"no such endpoint":  {Manifest: []byte(`{"endpoints":{"getAll":"https://m.example"}}`)},
		"it is no URL":      {Manifest: []byte(`{"endpoints":{"postMessage":"https://{providerChannelId}.example/"}}`)},
		"fills in the vari": {Manifest: []byte(`{"endpoints":{"postMessage":"https://m.example/:senderId"}}`)},
	} {
		if _, err := emulator.New(emulator.Config{Provider: p}); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%+v: %v, want %q", p, err, wrong)
		}
	}
}

// An app that does not answer keeps nobody: Settle ends with its context, Close with the calls.
func TestAppThatHangs(t *testing.T) {
	t.Parallel()
	called, gone := make(chan struct{}), make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(called)
		<-r.Context().Done()
		close(gone)
	}))
	t.Cleanup(app.Close)
	e, _ := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(added)
	<-called
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Settle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Settle returned %v", err)
	}
	e.Close()
	<-gone
	settle(t, e.Server)
	e.addChannel(`{"name":"Shop","provider_channel_id":"c2"}`)
	settle(t, e.Server)
}
