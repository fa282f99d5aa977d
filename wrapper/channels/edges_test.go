package channels_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// What was forgotten is told in a sentence, and nothing panics.
func TestZeroValuesAndNilContexts(t *testing.T) {
	t.Parallel()
	good := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	var none context.Context
	for name, tt := range map[string]struct {
		client *channels.Client
		ctx    context.Context //nolint:containedctx // a case of a table
		text   string
	}{
		"an empty client": {new(channels.Client), t.Context(), "the client is empty: make one with channels.NewClient"},
		"a nil client":    {nil, t.Context(), "the client is empty: make one with channels.NewClient"},
		"a nil context":   {good, none, "the context is nil"},
	} {
		errs := map[string]error{"probe": tt.client.Probe(tt.ctx)}
		for operation, call := range calls(tt.client) {
			errs[operation] = call(tt.ctx)
		}
		_, errs["base URL"] = tt.client.BaseURL(tt.ctx)
		if tt.ctx != nil {
			req, err := http.NewRequestWithContext(tt.ctx, http.MethodGet, "https://api.pipedrive.com/v1", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := tt.client.Do(req)
			if resp != nil {
				_ = resp.Body.Close()
			}
			errs["do"] = err
		}
		for d := range tt.client.Deliver(tt.ctx, channels.Messages([]channels.ReceiveMessageRequest{message()})) {
			errs["deliver"] = d.Err
		}
		for d := range tt.client.Deliver(tt.ctx, nil) {
			errs["deliver nothing"] = d.Err
		}
		for operation, err := range errs {
			if e := mustError(t, err); e.Outcome != channels.NotSent || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: %s: %v", name, operation, err)
			}
		}
		tt.client.CloseIdleConnections()
		_ = fmt.Sprint(tt.client)
		if tt.client != good && tt.client.Limiter().State() != (channels.LimiterState{DailyTokens: -1}) {
			t.Errorf("%s: its limiter knows something", name)
		}
	}
	for d := range good.Deliver(t.Context(), nil) {
		if !errors.Is(d.Err, channels.ErrDeliveryStopped) || !strings.Contains(d.Err.Error(), "the source is nil") {
			t.Error(d.Err)
		}
	}
	resp, err := good.Do(nil)
	if e := mustError(t, err); resp != nil || e.Outcome != channels.NotSent {
		t.Error(err)
	}
}

// A timeout beyond what four attempts can be counted in is as good as none.
func TestALongTimeout(t *testing.T) {
	t.Parallel()
	attempts := 0
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if attempts++; attempts == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer(200, messageAnswer)(w, r)
	}, channels.WithTimeout(math.MaxInt64), channels.WithRetries(channels.RetryPolicy{}))
	if _, err := client.ReceiveMessage(t.Context(), message()); err != nil || attempts != 2 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}

// A credential that no header can carry is refused, and nothing is sent.
func TestWhatAHeaderCanCarry(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]bool{
		"a!b": true, "a~b": true, "a b": false, "a\x1fb": false, "a\x7fb": false, "a\u0080b": false, "\ufefftoken": false, "ä": false, "a\xffb": false,
	} {
		if _, err := channels.NewClient(channels.APIToken(token)); (err == nil) != want {
			t.Errorf("API token %q: %v", token, err)
		}
		sent := false
		source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
		client, err := channels.NewClient(channels.OAuth(source), quiet, channels.WithHTTPClient(&http.Client{
			Transport: pipenet.RoundTrip(func(*http.Request) (*http.Response, error) {
				sent = true
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"success":true}`))}, nil
			}),
		}))
		if err != nil {
			t.Fatal(err)
		}
		if err := client.DeleteChannel(t.Context(), deleteC); (err == nil) != want || sent != want {
			t.Errorf("access token %q: sent %v, %v", token, sent, err)
		}
	}
}

// A probe that finds the API alive is an accepted call for everybody who is told.
func TestAProbeIsNoFailure(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var told []channels.Outcome
	client := newClient(t, answer(400, envelope("INVALID_RECEIVE_MESSAGE_PAYLOAD")),
		channels.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		channels.WithObserver(channels.Observer{
			AttemptEnds: func(_ context.Context, e channels.AttemptEvent) { told = append(told, e.Outcome) },
			CallEnds:    func(_ context.Context, e channels.CallEvent) { told = append(told, e.Outcome) },
		}))
	if err := client.Probe(t.Context()); err != nil || fmt.Sprint(told) != "[accepted accepted]" || !strings.Contains(log.String(), "outcome=accepted") {
		t.Errorf("%v, told %v, logged %s", err, told, &log)
	}
}

// Do adds what a call needs, and sends nothing to other hosts.
func TestDo(t *testing.T) {
	t.Parallel()
	var bodies []string
	fail := false
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, r.Method+string(body)+r.Header.Get("X-Api-Token")+r.Header.Get("Authorization"))
		switch {
		case fail:
			w.WriteHeader(http.StatusBadGateway)
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			answer(200, messageAnswer)(w, r)
		}
	}, channels.WithRetries(channels.RetryPolicy{Attempts: 2}))
	base, err := client.BaseURL(t.Context())
	if err != nil || strings.HasSuffix(base, "/") {
		t.Fatal(base, err)
	}
	api, err := channelsclient.NewClient(base, channelsclient.WithHTTPClient(client))
	if err != nil {
		t.Fatal(err)
	}
	foreign := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer of-somebody-else")
		return nil
	}
	resp, err := api.ReceiveMessageWithBody(t.Context(), "application/json", strings.NewReader("{}"), foreign)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(resp.Body); string(got) != messageAnswer || resp.Body.Close() != nil || bodies[0] != "POST{}"+apiToken {
		t.Errorf("sent %q, got %s", bodies, got)
	}
	resp, err = api.DeleteChannel(t.Context(), "c")
	if err != nil || resp.StatusCode != http.StatusNoContent || resp.Body.Close() != nil {
		t.Errorf("%v, %v", resp, err)
	}
	fail, bodies = true, nil
	for _, call := range []func() (*http.Response, error){
		func() (*http.Response, error) { return api.DeleteChannel(t.Context(), "c") },
		func() (*http.Response, error) {
			return api.ReceiveMessageWithBody(t.Context(), "application/json", strings.NewReader("{}"))
		},
	} {
		resp, err := call()
		if e := mustError(t, err); resp != nil || e.StatusCode != 502 || e.Outcome != channels.Unknown {
			t.Errorf("%v, %v", resp, err)
		}
	}
	if want := []string{"DELETE" + apiToken, "DELETE" + apiToken, "POST{}" + apiToken}; fmt.Sprint(bodies) != fmt.Sprint(want) {
		t.Errorf("sent %q, want the DELETE repeated and the POST not", bodies)
	}
	for _, elsewhere := range []string{"http://evil.example/v1/channels", strings.Replace(base, "http:", "https:", 1), "/v1/channels"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, elsewhere, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err = client.Do(req)
		if e := mustError(t, err); resp != nil || e.Outcome != channels.NotSent || !strings.Contains(err.Error(), "another host") {
			t.Errorf("%s: %v, %v", elsewhere, resp, err)
		}
	}
}
