package auth_test

// The callback URL, driven as browsers and Pipedrive drive it, and as neither would.

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// A browser keeps cookies, follows nothing, and talks to the handler.
type browser struct {
	*harness
	cookies map[string]string
}

func (h *harness) browser() *browser { return &browser{harness: h, cookies: map[string]string{}} }

func (b *browser) get(query string, header ...string) *http.Response {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, "/callback"+query, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.app.Handler().ServeHTTP(w, r)
	resp := w.Result()
	for _, c := range resp.Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(name); got != want {
			b.Errorf("GET %s: %s is %q, want %q", query, name, got, want)
		}
	}
	return resp
}

// begin starts a flow and returns its state.
func (b *browser) begin(query string) (state string) {
	b.Helper()
	resp := b.get(query)
	to, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusFound {
		b.Fatalf("GET %q: %d, %v", query, resp.StatusCode, err)
	}
	q := to.Query()
	if to.Host != "127.0.0.1:8484" || to.Path != "/oauth/authorize" || q.Get("client_id") != clientID ||
		q.Get("redirect_uri") != b.conf.RedirectURL || strings.Contains(to.String(), "canary") {
		b.Errorf("the browser was sent to %s", to)
	}
	return q.Get("state")
}

// wantPage checks that the answer is a page with a text, strict in what it lets the browser do.
func (b *browser) wantPage(resp *http.Response, status int, text string) {
	b.Helper()
	body := new(strings.Builder)
	if err := resp.Write(body); err != nil {
		b.Fatal(err)
	}
	if resp.StatusCode != status || !strings.Contains(body.String(), text) || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		b.Errorf("want a page with status %d that says %q, got\n%s", status, text, body)
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body.String())
	sum := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := resp.Header.Get("Content-Security-Policy"); got != want {
		b.Errorf("Content-Security-Policy is %q, want %q", got, want)
	}
	if strings.Contains(body.String(), "canary") {
		b.Errorf("the page repeats what was sent:\n%s", body)
	}
}

// wantWarning checks that the latest thing Warn was told is the given error.
func (h *harness) wantWarning(want error) {
	h.Helper()
	if warns := h.warns.all(); len(warns) == 0 || !errors.Is(warns[len(warns)-1], want) {
		h.Errorf("Warn was told %v, want %v", warns, want)
	}
}

func TestTheFlow(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		var installed []auth.Installation
		h.conf.Installed = func(ctx context.Context, src *auth.TokenSource) error {
			_, err := src.TokenContext(ctx)
			installed = append(installed, src.Installation())
			return err
		}
		h.app = h.newApp()
		b := h.browser()
		state := b.begin("")
		if len(state) < 26 { // 128 bits in base32
			t.Errorf("the state %q is short", state)
		}
		if again := h.browser().begin(""); again == state {
			t.Error("two flows have one state")
		}
		b.wantPage(b.get("?code="+h.code()+"&state="+state), http.StatusOK, "Connected")
		if len(installed) != 1 || installed[0] != alice {
			t.Errorf("Installed was called with %v", installed)
		}
		h.token(h.app.TokenSource(alice))
		if len(b.cookies) != 0 {
			t.Error("the cookie stayed")
		}
	})
}

func TestTheCookie(t *testing.T) {
	t.Parallel()
	for redirect, want := range map[string]string{
		"http://127.0.0.1:8085/callback": "pdchannels-oauth=X; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
		"https://app.example/callback":   "__Host-pdchannels-oauth=X; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
	} {
		h := newHarness(t, func(c *auth.AppConfig) { c.RedirectURL = redirect })
		got := h.browser().get("").Header.Get("Set-Cookie")
		if got = regexp.MustCompile(`=[^;]*;`).ReplaceAllString(got, "=X;"); !strings.HasPrefix(got, want[:strings.Index(want, "X")+1]) {
			t.Errorf("%s: cookie %q, want %q", redirect, got, want)
		}
		raw := h.browser().get("").Header.Get("Set-Cookie")
		_, attributes, _ := strings.Cut(raw, "; ")
		if _, wantAttributes, _ := strings.Cut(want, "; "); attributes != wantAttributes {
			t.Errorf("%s: attributes %q, want %q", redirect, attributes, wantAttributes)
		}
	}
}

func TestAnInstallFromTheMarketplaceStartsOver(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		code := h.code()
		state := b.begin("?code=" + code)
		h.wantCount("authorization_code", 0) // that code could be anybody's
		b.wantPage(b.get("?code="+h.code()+"&state="+state), http.StatusOK, "Connected")
	})
}

func TestAStateThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func(b *browser, state string) (query string){
		"tampered": func(_ *browser, state string) string { return "?code=canary-code&state=" + state[1:] + "x" },
		"invented": func(*browser, string) string { return "?code=canary-code&state=canary-state" },
		"no cookie": func(b *browser, state string) string {
			clear(b.cookies)
			return "?code=canary-code&state=" + state
		},
		"another browser": func(b *browser, state string) string {
			b.begin("")
			return "?code=canary-code&state=" + state
		},
		"too late": func(_ *browser, state string) string {
			<-time.After(10 * time.Minute)
			return "?code=canary-code&state=" + state
		},
		"later, by a cookie made to last": func(b *browser, state string) string {
			<-time.After(10 * time.Minute)
			for name, value := range b.cookies {
				_, mac, _ := strings.Cut(value, ".")
				b.cookies[name] = fmt.Sprint(time.Now().Add(time.Hour).Unix()) + "." + mac
			}
			return "?code=canary-code&state=" + state
		},
		"used": func(b *browser, state string) string {
			for name, value := range b.cookies {
				defer func() { b.cookies[name] = value }() // an attacker keeps cookies
			}
			b.wantPage(b.get("?code="+b.code()+"&state="+state), http.StatusOK, "Connected")
			return "?code=" + b.code() + "&state=" + state
		},
		"used, for a refusal": func(b *browser, state string) string {
			for name, value := range b.cookies {
				defer func() { b.cookies[name] = value }()
			}
			b.wantPage(b.get("?error=user_denied&state="+state), http.StatusForbidden, "Not connected")
			return "?code=canary-code&state=" + state
		},
		"with an error":     func(*browser, string) string { return "?error=user_denied&state=canary-state" },
		"alone":             func(_ *browser, state string) string { return "?state=" + state },
		"of another secret": func(b *browser, _ string) string { return b.foreignState() },
		"unreadable":        func(*browser, string) string { return "?code=canary-code&state=%zz" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				b := h.browser()
				query := tamper(b, b.begin(""))
				before := h.count("authorization_code")
				b.wantPage(b.get(query), http.StatusBadRequest, "This attempt is over")
				h.wantWarning(auth.ErrState)
				h.wantCount("authorization_code", before)
			})
		})
	}
}

// foreignState begins a flow at an app with another client secret, cookie and all.
func (b *browser) foreignState() string {
	conf := b.conf
	conf.ClientSecret = auth.NewSecret("another")
	app, err := auth.NewApp(conf)
	if err != nil {
		b.Fatal(err)
	}
	defer func(app *auth.App) { b.app = app }(b.app)
	b.app = app
	return "?code=canary-code&state=" + b.begin("")
}

func TestAStateWorksOnceHoweverManyCome(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		state := b.begin("")
		var all sync.WaitGroup
		for range 20 {
			twin := h.browser()
			maps.Copy(twin.cookies, b.cookies)
			all.Go(func() { twin.get("?code=" + h.code() + "&state=" + state) })
		}
		all.Wait()
		h.wantCount("authorization_code", 1)
	})
}

func TestACallbackMayReachAnotherHost(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		state := b.begin("")
		h.app = h.newApp() // or this one after a restart
		b.wantPage(b.get("?code="+h.code()+"&state="+state), http.StatusOK, "Connected")
	})
}
