package pages_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/pages"
	"golang.org/x/net/html"
)

// elements returns all elements of a page.
func elements(t *testing.T, text string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// What apps and clients send is text: it makes no element, no script, and no link but to http and https.
func TestHostileTextsAreText(t *testing.T) {
	t.Parallel()
	h := serve(t, newShop())
	for _, target := range []string{"/", "/?in=whatsapp-1&c=" + url.QueryEscape(`"><script>alert(1)</script>`), `/?q="><script>alert(1)</script>`, "/inspector?q=%3Cscript%3E"} {
		w := get(h, target)
		if !strings.Contains(w.Body.String(), "&lt;script&gt;") && !strings.Contains(w.Body.String(), "&#34;&gt;&lt;") {
			t.Errorf("%s does not show the hostile text at all", target)
		}
		for _, n := range elements(t, w.Body.String()) {
			if n.Data == "script" && (attribute(n, "src") != "/static/app.js" || n.FirstChild != nil) {
				t.Errorf("%s has a script: %+v", target, n.Attr)
			}
			for _, a := range n.Attr {
				link, err := url.Parse(a.Val)
				isLink := slices.Contains([]string{"href", "src", "action"}, a.Key)
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || isLink && (err != nil || !slices.Contains([]string{"", "http", "https"}, link.Scheme)) {
					t.Errorf("%s: <%s %s=%q>", target, n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	h := serve(t, newShop())
	for _, target := range []string{"/", "/inspector", "/connect", "/static/app.js", "/nothing", "/?in=whatsapp-1&c=none"} {
		w := get(h, target)
		for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if !strings.Contains(w.Header().Get(name), want) {
				t.Errorf("%s: %s is %q", target, name, w.Header().Get(name))
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "require-trusted-types-for 'script'") {
			t.Errorf("%s: policy %q", target, csp)
		}
	}
}

// Only pictures that cannot carry code are shown in place; all else is a download without a type.
func TestFiles(t *testing.T) {
	t.Parallel()
	for kind, shown := range map[string]bool{"": true, "image/svg+xml": false, "text/html": false, "image/png; x=y": true, "no type": false} {
		s := newShop()
		s.file = kind
		w := get(serve(t, s), "/file?in=whatsapp-1&c=nils&m=m-32&id=a-1&show=1")
		inline := strings.HasPrefix(w.Header().Get("Content-Disposition"), "inline")
		if w.Code != http.StatusOK || inline != shown || !shown && w.Header().Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%q: %d, %v", kind, w.Code, w.Header())
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: not sandboxed: %v", kind, w.Header())
		}
	}
	if w := get(serve(t, newShop()), "/file?id=gone"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "expired") {
		t.Errorf("a file that is gone: %d %s", w.Code, w.Body)
	}
}

// post sends the form of a reply, as a browser does without JavaScript.
func post(t *testing.T, h http.Handler, fields map[string]string, files map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		part, err := form.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, content)
	}
	_ = form.Close()
	r := httptest.NewRequest(http.MethodPost, "/reply", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestReplyByForm(t *testing.T) {
	t.Parallel()
	s := newShop()
	h := serve(t, s)
	fields := map[string]string{"in": "whatsapp-1", "c": "nils", "user": "2", "message": "Two\r\nlines", "q": "nils"}
	w := post(t, h, fields, map[string]string{"": "", "a.txt": "the file"})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/?c=nils&in=whatsapp-1&q=nils" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	if len(s.replies) != 1 {
		t.Fatalf("the app got %d replies", len(s.replies))
	}
	if r := s.replies[0]; r.Text != "Two\nlines" || r.User != 2 || len(r.Files) != 1 || r.Files[0].Filename != "a.txt" {
		t.Errorf("the reply is %+v", r)
	}

	s.refuse = errors.New("the app answered 400: <too long>")
	w = post(t, h, fields, nil)
	if page := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "400: &lt;too long&gt;") || !strings.Contains(page, "Two\nlines</textarea>") {
		t.Errorf("a refused reply: %d, and the page says neither why nor what was written", w.Code)
	}
}

func TestABoundOnReplies(t *testing.T) {
	t.Parallel()
	s := newShop()
	if w := post(t, serve(t, s), nil, map[string]string{"large": strings.Repeat("x", 33<<20)}); w.Code != http.StatusBadRequest || len(s.replies) != 0 {
		t.Errorf("%d, %d replies", w.Code, len(s.replies))
	}
}

// A form on another page cannot be what a browser without JavaScript needs: what is closed shows no form.
func TestClosedConversationHasNoForm(t *testing.T) {
	t.Parallel()
	page := get(serve(t, newShop()), "/?in=whatsapp-1&c=emile").Body.String()
	if strings.Contains(page, `id="reply"`) || !strings.Contains(page, "The app closed this conversation.") {
		t.Error("a closed conversation takes replies, or does not say why it does not")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	h := serve(t, newShop())
	for target, want := range map[string]string{"/?in=whatsapp-1&c=none": "no such conversation", "/inspector?x=9": "no longer kept", "/inspector?x=x": "no longer kept"} {
		if w := get(h, target); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

// An emulator without channels shows what to paste, with its own address.
func TestAnEmptyEmulatorSaysWhatToPaste(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.threads, s.overview.Channels, s.overview.LastRefused = nil, nil, "receiveMessage, 401"
	page := get(serve(t, s), "/").Body.String()
	for _, want := range []string{"Nothing has arrived yet", "curl http://127.0.0.1:8484/v1/channels", "emulator-access-7Q2MZK4V", "WithBaseURL", "basePath", "receiveMessage, 401", "/marketplace"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestThePrefix(t *testing.T) {
	t.Parallel()
	h, err := pages.New(pages.Config{Source: newShop(), Prefix: "/face"})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range elements(t, get(h, "/face/?in=whatsapp-1&c=nils").Body.String()) {
		for _, a := range n.Attr {
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "/face/") {
				t.Errorf("<%s %s=%q> leads out of the prefix", n.Data, a.Key, a.Val)
			}
		}
	}
}
