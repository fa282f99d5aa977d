package auth_test

// Pipedrive's uninstall callback, and forged ones.

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func uninstallRequest(body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodDelete, "/callback", body)
	r.SetBasicAuth(clientID, clientSecret)
	return r
}

func (h *harness) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.app.Handler().ServeHTTP(w, r)
	return w
}

func uninstallBody(timestamp string) *strings.Reader {
	return strings.NewReader(fmt.Sprintf(`{"client_id":%q,"company_id":1001,"user_id":42,"timestamp":%s}`, clientID, timestamp))
}

func TestUninstallCallback(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		var told []auth.Installation
		h.conf.Uninstalled = func(_ context.Context, in auth.Installation) error {
			told = append(told, in)
			return nil
		}
		h.app = h.newApp()
		src := h.install()
		h.token(src)
		<-time.After(time.Second)
		body := uninstallBody(`"` + time.Now().UTC().Format(time.DateTime) + `"`)
		for range 3 { // a repeated one is as good, and told once
			_, _ = body.Seek(0, io.SeekStart)
			if w := h.serve(uninstallRequest(body)); w.Code != http.StatusNoContent {
				t.Errorf("DELETE: %d %s", w.Code, w.Body)
			}
		}
		if len(told) != 1 || told[0] != alice {
			t.Errorf("Uninstalled was called with %v", told)
		}
		for _, app := range []*auth.App{h.app, h.newApp()} {
			if _, err := app.TokenSource(alice).Token(); !errors.Is(err, auth.ErrNotInstalled) {
				t.Errorf("Token after the uninstall: %v", err)
			}
		}
		<-time.After(time.Hour)
		h.install()
		_, _ = body.Seek(0, io.SeekStart)
		if w := h.serve(uninstallRequest(body)); w.Code != http.StatusNoContent {
			t.Errorf("DELETE from before the install: %d %s", w.Code, w.Body)
		}
		h.token(src)
		if len(told) != 1 {
			t.Error("an uninstall from before the install was carried out")
		}
	})
}

func TestUninstallTimestamps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spell func(time.Time) string
		late  bool // what comes from before the install can be told
	}{
		{func(at time.Time) string { return `"` + at.UTC().Format(time.DateTime) + `"` }, true},
		{func(at time.Time) string { return `"` + at.Format(time.RFC3339) + `"` }, true},
		{func(at time.Time) string { return `"` + at.UTC().Format(time.RFC3339Nano) + `"` }, true},
		{func(at time.Time) string { return fmt.Sprint(at.Unix()) }, true},
		{func(at time.Time) string { return fmt.Sprint(at.UnixMilli()) }, true},
		{func(at time.Time) string { return fmt.Sprintf(`"%d"`, at.Unix()) }, true},
		{func(time.Time) string { return `"yesterday"` }, false},
		{func(time.Time) string { return `null` }, false},
		{func(time.Time) string { return `{"at":[1]}` }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			<-time.After(900 * time.Millisecond) // so that an uninstall in whole seconds looks older than this install
			src := h.install()
			at := c.spell(time.Now().Add(-time.Minute))
			if w := h.serve(uninstallRequest(uninstallBody(at))); w.Code != http.StatusNoContent {
				t.Errorf("%s: %d %s", at, w.Code, w.Body)
			}
			if _, err := src.Token(); (err == nil) != c.late {
				t.Errorf("%s, a minute before the install: %v", at, err)
			}
			at = c.spell(time.Now())
			h.serve(uninstallRequest(uninstallBody(at)))
			if _, err := src.Token(); !errors.Is(err, auth.ErrNotInstalled) {
				t.Errorf("%s, right after the install: %v", at, err)
			}
		})
	}
}

// The clock of this host may be wrong: what counts is when Pipedrive says that both took place.
func TestTheAgeOfAnUninstallIsJudgedByPipedrivesClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-26 * time.Hour, -3 * time.Second, 3 * time.Second, 26 * time.Hour} {
		inBubble(t, func(h *harness) {
			h.do(func() { h.skew = skew })
			src := h.install()
			<-time.After(time.Second)
			theirs := func(d time.Duration) *strings.Reader {
				return uninstallBody(`"` + time.Now().Add(skew+d).UTC().Format(time.DateTime) + `"`)
			}
			if w := h.serve(uninstallRequest(theirs(-10 * time.Second))); w.Code != http.StatusNoContent {
				t.Errorf("DELETE: %d %s", w.Code, w.Body)
			}
			h.token(src)
			if warns := h.warns.all(); len(warns) != 1 || !strings.Contains(warns[0].Error(), "passed over") || !strings.Contains(warns[0].Error(), alice.String()) {
				t.Errorf("clocks %v apart: Warn was told %v", skew, warns)
			}
			h.serve(uninstallRequest(theirs(0)))
			if _, err := src.Token(); !errors.Is(err, auth.ErrNotInstalled) {
				t.Errorf("clocks %v apart: the uninstall was not carried out: %v", skew, err)
			}
		})
	}
}

// Without the server's time this host's has to do.
func TestTheAgeOfAnUninstallWithoutPipedrivesClock(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.do(func() { h.noDate = true })
		<-time.After(900 * time.Millisecond)
		src := h.install()
		call := func(at time.Time) {
			h.serve(uninstallRequest(uninstallBody(`"` + at.UTC().Format(time.DateTime) + `"`)))
		}
		call(time.Now().Add(-time.Second))
		h.token(src)
		call(time.Now()) // in whole seconds, this looks older than the install
		if _, err := src.Token(); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("Token: %v", err)
		}
	})
}

func TestForgedUninstalls(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	src := h.install()
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, header := range []string{
		"", "Basic", "Basic !", "Bearer " + clientSecret, basic(""), basic(":"), basic(clientID + ":"), basic(":" + clientSecret),
		basic(clientID + ":" + clientSecret + "x"), basic(clientID + ":" + clientSecret[1:]), basic(clientSecret + ":" + clientID), basic(clientID),
		basic(clientID + clientSecret),
	} {
		body := &countingReader{Reader: uninstallBody("null")}
		r := uninstallRequest(body)
		r.Header.Set("Authorization", header)
		w := h.serve(r)
		if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") || strings.Contains(w.Body.String(), "canary") {
			t.Errorf("Authorization %q: %d %s", header, w.Code, w.Body)
		}
		if body.n != 0 {
			t.Errorf("Authorization %q: %d bytes of the body were read before", header, body.n)
		}
	}
	for body, want := range map[string]int{
		"":     400,
		"null": 400,
		"[]":   400,
		"{}":   400,
		`{"client_id":"another","company_id":1001,"user_id":42}`:                 400,
		`{"client_id":"client-id","company_id":0,"user_id":42}`:                  400,
		`{"client_id":"client-id","company_id":1001,"user_id":-42}`:              400,
		`{"client_id":"client-id","company_id":1001.5,"user_id":42}`:             400,
		`{"client_id":"client-id","company_id":99999999999999999999}`:            400,
		`{"client_id":"client-id","company_id":null,"user_id":42}`:               400,
		`{"client_id":"client-id","company_id":1001,"user_id":42}{"a":1}`:        400,
		`{"client_id":"client-id","company_id":1001,"user_id":42} x`:             400,
		`{"client_id":"client-id","company_id":7,"user_id":42}`:                  204, // of another company, not installed here
		`{"client_id":"client-id","x":"` + strings.Repeat("x", 16<<10) + `"}`:    413,
		`{"client_id":"client-id","x":` + strings.Repeat("[", 15<<10):            400,
		`{"client_id":"client-id","company_id":1001,"user_id":{"canary":"x"}}`:   400,
		`{"client_id":"client-id","company_id":"canary-company","user_id":"42"}`: 400,
	} {
		w := h.serve(uninstallRequest(strings.NewReader(body)))
		if w.Code != want || strings.Contains(w.Body.String(), "canary") {
			t.Errorf("%.80s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	h.token(src)
	w := h.serve(uninstallRequest(strings.NewReader(`{"client_id":"client-id","company_id":"1001","user_id":"42"}`)))
	if w.Code != http.StatusNoContent {
		t.Errorf("ids as strings: %d %s", w.Code, w.Body)
	}
	if _, err := src.Token(); !errors.Is(err, auth.ErrNotInstalled) {
		t.Errorf("Token after all: %v", err)
	}
}

type countingReader struct {
	io.Reader
	n int
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += n
	return n, err
}

func TestUninstallDuringARefresh(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		<-time.After(time.Hour)
		release := h.hang()
		got := make(chan error, 1)
		go func() {
			_, err := src.Token()
			got <- err
		}()
		synctest.Wait()
		uninstalled := make(chan struct{})
		go func() {
			defer close(uninstalled)
			h.serve(uninstallRequest(uninstallBody("null")))
		}()
		synctest.Wait()
		release()
		<-got //nolint:errcheck // a token or not: what counts is what is left
		<-uninstalled
		if _, err := src.Token(); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("the refresh brought the tokens back: %v", err)
		}
	})
}

func TestUninstallsThatFailAreTold(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		broken := errors.New("no clean-up today")
		h.conf.Uninstalled = func(context.Context, auth.Installation) error { return broken }
		h.app = h.newApp()
		h.install()
		if w := h.serve(uninstallRequest(uninstallBody("null"))); w.Code != http.StatusInternalServerError {
			t.Errorf("DELETE: %d %s", w.Code, w.Body)
		}
		h.wantWarning(broken)
	})
}
