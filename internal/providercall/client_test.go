// Where calls go, and what they carry: whatever the settings and the ids.

package providercall

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUnusableEndpoints(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://messenger.example":        "not https",
		"ftp://127.0.0.1":                 "not https",
		"//messenger.example":             "not https",
		"messenger.example":               "no host",
		"https://":                        "no host",
		"https://id:secret@m.example":     "carries a user",
		"https://m.example/#x":            "fragment",
		"https://m.example/?a=b":          "a query or a variable",
		"https://m.example/:channel":      "a query or a variable",
		"https://m.example/{channel}":     "a query or a variable",
		"https://m.example/%zz":           "no URL",
		"http://127.0.0.1.example:80/x":   "not https",
		"http://localhost.example:80/pip": "not https",
	} {
		if _, err := AtBase(base, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", base, err, want)
		}
		manifest := fmt.Sprintf(`{"endpoints":{"getConversations":%q,"getConversationById":"https://m.example/","postMessage":"https://m.example/"}}`, base)
		if _, err := FromManifest([]byte(manifest), false); err == nil && !strings.Contains(want, "variable") {
			t.Errorf("%s: the manifest is taken", base)
		}
	}
	for manifest, want := range map[string]string{
		`[]`:               "no JSON object",
		`{"endpoints":{}}`: "names no getConversations",
		`{"endpoints":{"getConversation":"https://m.example/"}}`:                   "no such endpoint",
		`{"endpoints":{"getConversations":"https://m.example/:senderId"}}`:         "nobody fills in the variable senderId",
		`{"endpoints":{"getConversations":"https://m.example/{sourceMessageId}"}}`: "nobody fills in the variable sourceMessageId",
	} {
		if _, err := FromManifest([]byte(manifest), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", manifest, err, want)
		}
	}
	for _, base := range []string{"http://127.0.0.1:80", "http://[::1]:80", "http://localhost:80/", "https://m.example/pipedrive"} {
		e, err := AtBase(base, false)
		if err != nil || !e.Guessed() || !e.Has(DeleteChannelByID) || len(e.Hosts()) != 1 {
			t.Errorf("%s: %v", base, err)
		}
	}
	if _, err := Find(t.Context(), App{BaseURL: "http://app:3000", PlainHTTP: true}); err != nil {
		t.Errorf("between containers: %v", err)
	}
	if _, err := Find(t.Context(), App{}); err == nil {
		t.Error("no app is one")
	}
	if _, err := Find(t.Context(), App{BaseURL: "https://m.example", Manifest: []byte("{}")}); err == nil {
		t.Error("two apps are one")
	}
}

// A manifest may be where the app serves it.
func TestManifestByURL(t *testing.T) {
	t.Parallel()
	const good = `{"version":"v202101","endpoints":{"getConversations":"https://m.example/:providerChannelId","getConversationById":"https://m.example/c","postMessage":"https://m.example/p"}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials went with it")
		}
		switch r.URL.Path {
		case "/manifest.json":
			_, _ = w.Write([]byte(good))
		case "/moved":
			http.Redirect(w, r, "/manifest.json", http.StatusFound)
		case "/long":
			_, _ = w.Write([]byte(good + strings.Repeat(" ", maxManifest)))
		case "/page":
			_, _ = w.Write([]byte("<html>"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	e, err := Find(t.Context(), App{ManifestURL: server.URL + "/manifest.json"})
	if err != nil || !e.Has(PostMessage) || e.Has(GetTemplates) || e.Guessed() {
		t.Errorf("%v", err)
	}
	for url, want := range map[string]string{
		server.URL + "/moved": "status 302", server.URL + "/long": "longer than any manifest", server.URL + "/page": "no JSON object", server.URL + "/none": "status 404",
		"http://m.example/manifest.json": "not https", "/manifest.json": "no host", "http://127.0.0.1:1/": "refused",
	} {
		if _, err := Find(t.Context(), App{ManifestURL: url}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

func TestUnusableCredentials(t *testing.T) {
	t.Parallel()
	e, err := AtBase("http://127.0.0.1:1", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"", "secret"}, {"id", ""}, {"i:d", "secret"}} {
		if _, err := New(e, c[0], c[1]); err == nil {
			t.Errorf("%q are credentials", c)
		}
	}
	c, err := New(e, "the-app", "the-secret")
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %q %d", c, c, c, c, c, c); strings.Contains(text, "secret") || strings.Contains(text, "dGhlLWFwcD") {
		t.Errorf("the secret is in %s", text)
	}
}

// clientOf returns a client of an app that a handler is.
func clientOf(t *testing.T, app http.HandlerFunc) Client {
	t.Helper()
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	e, err := AtBase(server.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(e, "the-app", "the-secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Ids that would make another path, or none, are refused before anything is sent.
func TestIdsThatFitIntoNoURL(t *testing.T) {
	t.Parallel()
	var paths []string
	c := clientOf(t, func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.EscapedPath()) })
	for _, id := range []string{"", ".", "..", strings.Repeat("x", MaxValue+1)} {
		for _, call := range []func() (Answer, error){
			func() (Answer, error) { return c.GetConversations(t.Context(), id, 1, 1, "") },
			func() (Answer, error) { return c.GetConversationByID(t.Context(), "c", id, 1, "") },
			func() (Answer, error) { return c.GetMessageByID(t.Context(), "c", "v", id) },
			func() (Answer, error) { return c.GetSenderByID(t.Context(), "c", id) },
			func() (Answer, error) { return c.DeleteChannelByID(t.Context(), id) },
		} {
			if a, err := call(); err == nil || a.Method != "" {
				t.Errorf("%.10q was sent: %s %s", id, a.Method, a.URL)
			}
		}
	}
	if a, err := c.GetConversations(t.Context(), "c", 1, 1, strings.Repeat("x", MaxValue+1)); err == nil || a.Method != "" {
		t.Error("a cursor that is too long was sent")
	}
	if len(paths) > 0 {
		t.Errorf("the app was called for %q", paths)
	}
	long := strings.Repeat("x", MaxValue)
	for id, want := range map[string]string{"...": "...", "a/b": "a%2Fb", "a b": "a%20b", "?#": "%3F%23", long: long} {
		if _, err := c.DeleteChannelByID(t.Context(), id); err != nil || paths[len(paths)-1] != "/channels/"+want {
			t.Errorf("%.10q was sent as %.30q: %v", id, paths[len(paths)-1], err)
		}
	}
	if _, err := c.WithDots().DeleteChannelByID(t.Context(), ".."); err != nil || paths[len(paths)-1] != "/channels/%2E%2E" {
		t.Errorf("dots were sent as %q: %v", paths[len(paths)-1], err)
	}
}

// A redirect would hand the credentials over to whomever it names.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	called := 0
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		called++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	a, err := c.GetTemplates(t.Context(), "c")
	if err != nil || a.StatusCode != http.StatusTemporaryRedirect || a.Location != "/elsewhere" || called != 1 {
		t.Errorf("%d calls, %+v, %v", called, a, err)
	}
}

func TestACallEnds(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "half") {
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
		}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hang) })
	for _, channel := range []string{"whole", "half"} {
		if _, err := c.WithTimeout(time.Millisecond).GetTemplates(t.Context(), channel); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", channel, err)
		}
	}
	down := clientOf(t, nil)
	down.urls = map[string]string{GetTemplates: "http://127.0.0.1:1/the-path"}
	if a, err := down.GetTemplates(t.Context(), "c"); err == nil || strings.Contains(err.Error(), "the-path") || a.URL != "http://127.0.0.1:1/the-path" {
		t.Errorf("%v: %s", err, a.URL)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.GetTemplates(ctx, "c"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What strangers send, for the conformance run.
func TestVariations(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var form string
	c := clientOf(t, func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		n, _ := r.Body.Read(b)
		got, form = r, string(b[:n])
	})
	for name, test := range map[string]struct {
		client Client
		is     func() bool
	}{
		"as it is":          {c, func() bool { id, secret, ok := got.BasicAuth(); return ok && id == "the-app" && secret == "the-secret" }},
		"other credentials": {c.WithCredentials("a", "b"), func() bool { id, secret, _ := got.BasicAuth(); return id == "a" && secret == "b" }},
		"no credentials":    {c.WithAuthorization(""), func() bool { return got.Header["Authorization"] == nil }},
		"a method":          {c.WithMethod("PUT"), func() bool { return got.Method == "PUT" }},
		"a query":           {c.WithQuery("a=%00"), func() bool { return got.URL.RawQuery == "a=%00" }},
		"a path":            {c.Below("x/y"), func() bool { return got.URL.Path == "/channels/c/messages/x/y" }},
		"a form":            {c.WithForm("text/plain", "{"), func() bool { return got.Header.Get("Content-Type") == "text/plain" && form == "{" }},
	} {
		if _, err := test.client.PostMessage(t.Context(), "c", Form{Message: "m"}); err != nil || !test.is() {
			t.Errorf("%s: %v, %v %v %q", name, err, got.URL, got.Header, form)
		}
	}
	// The query of a manifest's URL stays, beside that of the call.
	e, err := FromManifest([]byte(`{"endpoints":{"getConversations":"`+strings.TrimSuffix(c.urls[GetConversations], "/channels/{providerChannelId}/conversations")+
		`/list?key=1&of=:providerChannelId","getConversationById":"https://m.example/","postMessage":"https://m.example/"}}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.WithQuery("a=b").GetConversations(t.Context(), "c", 1, 1, "x"); err != nil || got.URL.RawQuery != "a=b" {
		t.Errorf("%v: %s", err, got.URL.RawQuery)
	}
	c.Endpoints = e
	if _, err := c.GetConversations(t.Context(), "a&b", 1, 0, "x y"); err != nil || got.URL.RequestURI() != "/list?key=1&of=a%26b&conversations_limit=1&after=x+y" {
		t.Errorf("%v: %s", err, got.URL.RequestURI())
	}
	if !slices.Equal(e.Hosts(), []string{got.Host, "m.example"}) {
		t.Errorf("hosts %q", e.Hosts())
	}
}
