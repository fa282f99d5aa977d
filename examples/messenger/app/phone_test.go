package app

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// phone is the page alone, without a Pipedrive.
func phone(t *testing.T) (*App, *httptest.Server) {
	t.Helper()
	a, err := New(Config{URL: "http://127.0.0.1:1", ClientID: "id", ClientSecret: auth.NewSecret("secret-of-the-app"), OAuthURL: "http://127.0.0.1:2"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.routes)
	t.Cleanup(server.Close)
	return a, server
}

// The page lets anybody write as a customer: nobody but this machine, and no other page, may.
func TestOnlyThisMachine(t *testing.T) {
	t.Parallel()
	a, _ := phone(t)
	for _, test := range []struct {
		name, host, remote, origin string
		status                     int
	}{
		{"the browser", "127.0.0.1:8585", "127.0.0.1:5", "http://127.0.0.1:8585", 303},
		{"localhost", "localhost:8585", "[::1]:5", "", 303},
		{"a name that leads here", "evil.example:8585", "127.0.0.1:5", "http://evil.example:8585", 403},
		{"a tunnel", "messenger.example", "127.0.0.1:5", "", 403},
		{"another machine", "localhost:8585", "192.0.2.7:5", "", 403},
		{"another page", "localhost:8585", "127.0.0.1:5", "http://evil.example", 403},
		{"another port's page", "localhost:8585", "127.0.0.1:5", "http://localhost:9999", 403},
	} {
		r := httptest.NewRequest(http.MethodPost, "/settings", strings.NewReader("who=nils&online=on"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host, r.RemoteAddr = test.host, test.remote
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		w := httptest.NewRecorder()
		a.routes.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s: answered %d %s, want %d", test.name, w.Code, w.Body, test.status)
		}
	}
}

// Nothing that anybody writes is anything but text, and nothing comes from elsewhere.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	a, server := phone(t)
	p := &play{t: t, app: a, url: server.URL}
	read(t, p.form(map[string]string{"who": "new", "name": `<script>alert(1)</script>`, "message": `<img src=x onerror=alert(1)> javascript:alert(1)`},
		`%22><svg onload=alert(1)>.svg`, "image/svg+xml", "<svg onload=alert(1)>"))
	customers := a.messenger.Customers()
	who := customers[len(customers)-1]
	page := p.get(who)
	for _, never := range []string{"<script>alert", "<img src=x", "<svg onload", `src="/pictures/`, " style=", " onerror=\"", "href=\"javascript"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s:\n%s", never, page)
		}
	}
	key := a.conversation(who).Messages[0].Attachments[0].ID
	for path, want := range map[string]int{"/pictures/" + key + "?who=" + who: 404, "/pictures/x?who=" + who: 404, "/static/phone.js": 200, "/static/../app.go": 404, "/nothing": 404} {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if read(t, res); res.StatusCode != want {
			t.Errorf("%s: answered %d, want %d", path, res.StatusCode, want)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
}

func TestRefusedForms(t *testing.T) {
	t.Parallel()
	a, server := phone(t)
	p := &play{t: t, app: a, url: server.URL}
	before := len(a.conversation("nils").Messages)
	for _, test := range []struct {
		name, who, as, text, file string
		status                    int
		want                      string
	}{
		{"nobody", "x", "", "hi", "", 400, "There is no such customer."},
		{"new without a name", "new", " ", "hi", "", 400, "Who are you?"},
		{"long name", "new", strings.Repeat("x", 61), "hi", "", 400, "Who are you?"},
		{"long text", "nils", "", strings.Repeat("x", 4001), "", 400, "A message may have 4000 letters"},
		{"long file", "nils", "", "hi", strings.Repeat("x", 1<<20+1), 413, "A file may have 1 MB"},
		{"long form", "nils", "", "hi", strings.Repeat("x", 2<<20), 413, "A file may have 1 MB"},
	} {
		res := p.form(map[string]string{"who": test.who, "name": test.as, "message": test.text}, "a", "text/plain", test.file)
		if page := read(t, res); res.StatusCode != test.status || !strings.Contains(page, test.want) {
			t.Errorf("%s: answered %d, want %d and %q", test.name, res.StatusCode, test.status, test.want)
		}
	}
	// Browsers send a file field that is empty; a message of nothing is none.
	if read(t, p.form(map[string]string{"who": "nils", "message": " "}, "", "application/octet-stream", "")); len(a.conversation("nils").Messages) != before {
		t.Error("a form that was refused left a message")
	}
}

// An open page hears of each change, and the stream ends with the app.
func TestStream(t *testing.T) {
	t.Parallel()
	a, server := phone(t)
	res, err := http.Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return "the end"
	}
	first := next()
	a.change(func() {})
	if second := next(); second == first || second == "the end" {
		t.Errorf("after %s came %s", first, second)
	}
	close(a.stopped)
	if end := next(); end != "the end" {
		t.Errorf("the app has ended, and the stream says %s", end)
	}
}

// What goes wrong shows on the page, and can be mended there.
func TestMisbehaving(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.install()
	if err := p.pipedrive.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	set := func(settings url.Values) {
		settings.Set("who", "dora")
		res, err := http.PostForm(p.url+"/settings", settings)
		if err != nil {
			t.Fatal(err)
		}
		read(t, res)
	}
	reply := func() (emulator.Message, error) {
		return p.pipedrive.Reply(t.Context(), emulator.Reply{ProviderChannelID: "sample-channel", ConversationID: "dora", Message: "Until Saturday!"})
	}
	set(url.Values{})
	if _, err := reply(); err == nil {
		t.Error("the app is offline, and took a reply")
	}
	p.until("dora", `<code>postMessage</code><b class="bad">503</b>`)
	set(url.Values{"online": {"on"}})
	unconfirmed, err := reply()
	if err != nil {
		t.Fatal(err)
	}
	set(url.Values{"online": {"on"}, "confirm": {"on"}, "receipts": {"on"}})
	confirmed, err := reply()
	if err != nil {
		t.Fatal(err)
	}
	p.until("dora", confirmed.ID+" is delivered")
	if strings.Contains(p.get("dora"), unconfirmed.ID+" is ") {
		t.Error("a reply was confirmed while confirmations were off")
	}

	if err := p.pipedrive.Uninstall(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.until("dora", "Not connected yet")
	read(t, p.form(map[string]string{"who": "dora", "message": "Hello?"}, "", "application/octet-stream", ""))
	p.install()
	p.until("dora", "Connected to Pipedrive", "dora.6 is sent")
}

// The script finds what it needs by ids, each of which is one element's.
func TestIDsAreUnique(t *testing.T) {
	t.Parallel()
	a, server := phone(t)
	page := (&play{t: t, app: a, url: server.URL}).get("new")
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if seen[id[1]] {
			t.Errorf("two elements have the id %s", id[1])
		}
		seen[id[1]] = true
	}
	script, err := static.ReadFile("static/phone.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range regexp.MustCompile(`(?:\$|getElementById)\("([^"]*)"\)`).FindAllStringSubmatch(string(script), -1) {
		if !seen[id[1]] {
			t.Errorf("the script looks for the id %s, which the page does not have", id[1])
		}
	}
}

// A message that was not delivered says why, and can be sent again.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	a, server := phone(t)
	p := &play{t: t, app: a, url: server.URL}
	a.change(func() { a.failures["nils.4"] = "the channel is unknown" })
	if page := p.get("nils"); !strings.Contains(page, "Not delivered: the channel is unknown") || !strings.Contains(page, `title="not delivered"`) {
		t.Errorf("the page does not show the failure:\n%s", page)
	}
	res, err := http.PostForm(server.URL+"/again", url.Values{"who": {"nils"}, "id": {"nils.4"}})
	if err != nil {
		t.Fatal(err)
	}
	if page := read(t, res); strings.Contains(page, "Not delivered") {
		t.Error("the message is sent again, and still shown as failed")
	}
	if j := <-a.jobs; j != (job{customer: "nils", id: "nils.4", status: "sent"}) {
		t.Errorf("the job is %+v", j)
	}
}
