package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// Only the app's own id and secret open the door, and nothing is looked at before.
func TestCredentials(t *testing.T) {
	t.Parallel()
	called := false
	s := serve(t, &app{getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
		called = true
		return provider.ConversationsPage{}, nil
	}})
	tests := map[string][]string{
		"none":             nil,
		"empty":            {""},
		"wrong secret":     {basic(clientID, "wrong")},
		"wrong id":         {basic("wrong", clientSecret)},
		"swapped":          {basic(clientSecret, clientID)},
		"empty secret":     {basic(clientID, "")},
		"prefix of secret": {basic(clientID, clientSecret[:5])},
		"longer secret":    {basic(clientID, clientSecret+"x")},
		"no colon":         {"Basic Y2xpZW50LWlk"},
		"no base64":        {"Basic ***"},
		"bearer":           {strings.Replace(basic(clientID, clientSecret), "Basic", "Bearer", 1)},
		"twice":            {basic(clientID, clientSecret), basic(clientID, clientSecret)},
		"too long":         {basic(clientID, strings.Repeat("x", 5000))},
	}
	for name, header := range tests {
		for _, path := range []string{"/channels/c/conversations", "/channels/c/conversations?messages_limit=x", "/nowhere"} {
			req := s.request(http.MethodGet, path, nil)
			req.Header.Del("Authorization")
			if header != nil {
				req.Header["Authorization"] = header
			}
			got := s.do(req)
			if got.status != http.StatusUnauthorized || got.code(t) != "UNAUTHORIZED" ||
				!strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s, %s: answered %d %s", name, path, got.status, got.body)
			}
		}
	}
	if called {
		t.Error("the app was called without credentials")
	}
	for _, scheme := range []string{"Basic", "basic", "BASIC"} {
		req := s.request(http.MethodGet, "/channels/c/conversations", nil)
		req.Header.Set("Authorization", strings.Replace(basic(clientID, clientSecret), "Basic", scheme, 1))
		if got := s.do(req); got.status != http.StatusOK {
			t.Errorf("right credentials with the scheme %q: answered %d %s", scheme, got.status, got.body)
		}
	}
}

func basic(id, secret string) string {
	req := &http.Request{Header: http.Header{}}
	req.SetBasicAuth(id, secret)
	return req.Header.Get("Authorization")
}

// A body is not read from somebody who may not send one.
func TestNoBodyBeforeCredentials(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{})
	body := &countingReader{r: strings.NewReader(strings.Repeat("x", 1<<20))}
	req := s.request(http.MethodPost, "/channels/c/messages", body)
	req.ContentLength = 1 << 20
	req.Header.Set("Expect", "100-continue")
	req.SetBasicAuth(clientID, "wrong")
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized || body.n != 0 {
		t.Errorf("answered %d after %d bytes of the body", res.StatusCode, body.n)
	}
}

type countingReader struct {
	r io.Reader
	n int
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.n += n
	return n, err
}

// A secret is in no printed value of the handler or its credentials, and in no log.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	credentials := provider.BasicAuth(clientID, clientSecret)
	s := serve(t, &app{})
	req := s.request(http.MethodGet, "/channels/c/conversations", nil)
	req.SetBasicAuth(clientID, clientSecret+"-almost")
	s.do(req)
	s.get("/channels/c/conversations?messages_limit=x")
	asJSON, err := json.Marshal(map[string]any{"credentials": credentials})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "credentials", credentials)
	printed := []string{
		string(asJSON), log.String(), s.logs.String(),
		fmt.Sprintf("%v %+v %#v %s %q", credentials, credentials, credentials, credentials, credentials),
		fmt.Sprintf("%v %+v %#v", s.h, s.h, s.h),
	}
	if i := slices.IndexFunc(printed, func(text string) bool { return strings.Contains(text, clientSecret) }); i >= 0 {
		t.Errorf("the secret is in %s", printed[i])
	}
}

// A header of a MiB gets nobody in, costs whoever is let in nothing, and beyond the server's bound
// does not reach the handler at all.
func TestLongHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{})
	const bound = http.DefaultMaxHeaderBytes
	for _, test := range []struct {
		name, value string
		status      int
	}{
		{"Authorization", "Basic " + strings.Repeat("A", bound-4<<10), http.StatusUnauthorized},
		{"X-Long", strings.Repeat("x", bound-4<<10), http.StatusOK},
		{"X-Long", strings.Repeat("x", bound+8<<10), http.StatusRequestHeaderFieldsTooLarge},
	} {
		req := s.request(http.MethodGet, "/channels/c/conversations", nil)
		req.Header.Set(test.name, test.value)
		if res := s.do(req); res.status != test.status {
			t.Errorf("a header %s of %d bytes: answered %d %.200s, want %d", test.name, len(test.value), res.status, res.body, test.status)
		}
	}
}
