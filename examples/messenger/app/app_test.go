package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// play is the app beside an emulator, each on a port of its own.
type play struct {
	t         *testing.T
	app       *App
	pipedrive *emulator.Emulator
	url       string
}

func newPlay(t *testing.T) *play {
	t.Helper()
	listen := func() net.Listener {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	mine, theirs := listen(), listen()
	p := &play{t: t, url: "http://" + mine.Addr().String()}
	var err error
	p.app, err = New(Config{URL: p.url, ClientID: "id", ClientSecret: auth.NewSecret("secret-of-the-app"), OAuthURL: "http://" + theirs.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal(p.app.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	p.pipedrive, err = emulator.New(emulator.Config{ClientID: "id", ClientSecret: emulator.NewSecret("secret-of-the-app"), Provider: emulator.Provider{Manifest: manifest}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- p.pipedrive.Serve(ctx, theirs) }()
	go func() { ended <- p.app.Serve(ctx, mine) }()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return p
}

var stateField = regexp.MustCompile(`name="state" value="(\w+)"`)

// install does what the user's browser does.
func (p *play) install() {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	res, err := browser.Get(p.app.CallbackURL())
	if err != nil {
		p.t.Fatal(err)
	}
	page := read(p.t, res)
	asked := res.Request.URL.Query()
	res, err = browser.PostForm("http://"+res.Request.URL.Host+res.Request.URL.Path, url.Values{
		"client_id": {"id"}, "redirect_uri": {asked.Get("redirect_uri")}, "state": {stateField.FindStringSubmatch(page)[1]}, "user": {"1"}, "decision": {"allow"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if page := read(p.t, res); res.StatusCode != http.StatusOK {
		p.t.Fatalf("the installation ended with %d %s", res.StatusCode, page)
	}
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// get returns the page of a customer.
func (p *play) get(who string) string {
	p.t.Helper()
	res, err := http.Get(p.url + "/?who=" + who)
	if err != nil {
		p.t.Fatal(err)
	}
	return read(p.t, res)
}

// until waits for a change after which the page of a customer has all the texts.
func (p *play) until(who string, texts ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	for {
		p.app.mu.Lock()
		changed := p.app.changed
		p.app.mu.Unlock()
		page, missing := p.get(who), ""
		for _, text := range texts {
			if !strings.Contains(page, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			p.t.Fatalf("the page never had %q:\n%s", missing, page)
		}
	}
}

// form is what the phone sends.
func (p *play) form(fields map[string]string, filename, contentType, content string) *http.Response {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		_ = w.WriteField(name, value) // a bytes.Buffer takes everything
	}
	part, _ := w.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="file"; filename="` + filename + `"`}, "Content-Type": {contentType}})
	_, _ = io.WriteString(part, content)
	_ = w.Close()
	res, err := http.Post(p.url+"/messages", w.FormDataContentType(), &b)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

// A customer writes, the user answers with a file, and each sees what the other wrote, and how far it has come.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	if page := p.get("nils"); !strings.Contains(page, "Not connected yet") {
		t.Errorf("before the installation the page does not say so:\n%s", page)
	}
	// What is written before the installation waits for it.
	if page := read(t, p.form(map[string]string{"who": "nils", "message": "Is anybody there?"}, "chain.png", "image/png", "png")); !strings.Contains(page, "on its way") {
		t.Errorf("the message is not on its way:\n%s", page)
	}
	p.install()
	p.until("nils", "Connected to Pipedrive", `<code>addChannel</code><b>200</b>`, `<code>getConversations</code><b>200</b>`, "nils.5 is sent")
	if err := p.pipedrive.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}

	sent, err := p.pipedrive.Reply(t.Context(), emulator.Reply{
		ProviderChannelID: "sample-channel", ConversationID: "nils", Message: "Yes, <b>Rosa</b>.",
		Files: []emulator.File{{Name: "offer.txt", Type: "text/plain", Content: []byte("29 euros")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.until("nils", "Yes, &lt;b&gt;Rosa&lt;/b&gt;.", "offer.txt", "8 bytes", "a reply, taken as "+sent.ID, sent.ID+" is delivered", `data-status="delivered"`, "1 new")
	res, err := http.PostForm(p.url+"/seen", url.Values{"who": {"nils"}})
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatal(res, err)
	}
	p.until("nils", sent.ID+" is read")

	// Without JavaScript, who opens the page has read it.
	again, err := p.pipedrive.Reply(t.Context(), emulator.Reply{ProviderChannelID: "sample-channel", ConversationID: "nils", Message: "Bring it along."})
	if err != nil {
		t.Fatal(err)
	}
	p.until("nils", again.ID+" is delivered")
	opened, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/?who=nils", nil)
	if err != nil {
		t.Fatal(err)
	}
	opened.Header.Set("Sec-Fetch-Dest", "document")
	if res, err = new(http.Client).Do(opened); err != nil {
		t.Fatal(err)
	}
	read(t, res)
	p.until("nils", again.ID+" is read")
	for _, m := range p.pipedrive.Messages("sample-channel", "nils") {
		if m.ID == sent.ID && m.Status != "read" {
			t.Errorf("in Pipedrive the reply is %q", m.Status)
		}
	}
}
