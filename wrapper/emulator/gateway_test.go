// What is decided before an operation: credentials, limits, routes, guards, failures.

package emulator_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 1000})
	owner, other := a.Users()[0], a.Users()[1]
	access, apiToken := owner.AccessToken.Reveal(), owner.APIToken.Reveal()
	if access != a.AccessToken() || apiToken != a.APIToken() {
		t.Error("AccessToken and APIToken are not the owner's")
	}
	none := a.with("Authorization")
	accepted := map[string]api{
		"bearer":            none.with("Authorization", "Bearer "+access),
		"bearer, any case":  none.with("Authorization", "bEARER "+access),
		"api token":         none.with("X-Api-Token", apiToken),
		"another user's":    none.with("X-Api-Token", other.APIToken.Reveal()),
		"another's, bearer": a.as(other),
	}
	body := `{}`
	if got := none.do("POST", "/v1/channels/messages/receive?api_token="+apiToken, body); got.status != http.StatusBadRequest {
		t.Errorf("an API token in the query: got %d %s, want to be let in", got.status, got.raw)
	}
	if got := a.do("POST", "/v1/channels/messages/receive?api_token="+apiToken, body); got.status != http.StatusUnauthorized {
		t.Errorf("a second credential in the query: got %d %s", got.status, got.raw)
	}
	strict := start(t, emulator.Config{Strict: true})
	if got := strict.with("Authorization").do("POST", "/v1/channels/messages/receive?api_token="+strict.APIToken(), body); got.status != http.StatusUnauthorized {
		t.Errorf("an API token in the query, if Strict: got %d %s", got.status, got.raw)
	}
	for name, a := range accepted {
		if got := a.receive("{}"); got.status != http.StatusBadRequest || got.header.Get("X-Ratelimit-Limit") != "1000" {
			t.Errorf("%s: got %d %s, want to be let in, with the rate limit headers", name, got.status, got.raw)
		}
	}
	refused := map[string]api{
		"none":                 none,
		"empty bearer":         none.with("Authorization", "Bearer "),
		"no scheme":            none.with("Authorization", access),
		"basic":                none.with("Authorization", "Basic "+access),
		"two spaces":           none.with("Authorization", "Bearer  "+access),
		"wrong":                none.with("Authorization", "Bearer wrong"),
		"api token as bearer":  none.with("Authorization", "Bearer "+apiToken),
		"bearer as api token":  none.with("X-Api-Token", access),
		"empty api token":      none.with("X-Api-Token", ""),
		"both":                 a.with("X-Api-Token", apiToken),
		"twice":                none.with("Authorization", "Bearer "+access, "Bearer "+access),
		"a token's beginning":  none.with("Authorization", "Bearer "+access[:len(access)-1]),
		"a token and its kind": none.with("Authorization", "Bearer bearer "+access),
		"another kind's":       none.with("Authorization", "Bearer api "+apiToken),
	}
	for name, a := range refused {
		got := a.receive(message())
		if got.status != http.StatusUnauthorized || got.body["errorCode"] != 401.0 || got.body["error"] != "unauthorized access" {
			t.Errorf("%s: got %d %s, want the gateway's 401", name, got.status, got.raw)
		}
		if got.header.Get("X-Ratelimit-Limit") != "" {
			t.Errorf("%s: a stranger is told the limits", name)
		}
	}
}

func TestBurstLimitIsARollingWindow(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now, BurstLimit: 3})
	limits := func(got answer) string {
		return got.header.Get("X-Ratelimit-Limit") + " " + got.header.Get("X-Ratelimit-Remaining") + " " + got.header.Get("X-Ratelimit-Reset")
	}
	step := func(ask api, status int, want string) {
		t.Helper()
		got := ask.receive("{}")
		if got.status != status || limits(got) != want {
			t.Errorf("got %d and %q, want %d and %q", got.status, limits(got), status, want)
		}
	}
	step(a, 400, "3 2 2")
	clock.advance(1500 * time.Millisecond)
	step(a, 400, "3 1 1")
	step(a.as(a.Users()[1]), 400, "3 0 1") // every token of the installation counts
	step(a, 429, "3 0 1")
	clock.advance(499 * time.Millisecond)
	step(a, 429, "3 0 1")
	clock.advance(time.Millisecond) // the first leaves; those refused were not counted
	step(a, 400, "3 0 2")
	step(a, 429, "3 0 2")
	clock.advance(2 * time.Second)
	if got := a.do("GET", "/v1/nowhere", ""); got.status != 404 || limits(got) != "3 2 2" {
		t.Errorf("got %d and %q: an unknown path counts as well", got.status, limits(got))
	}
	if got := a.with("Authorization").receive("{}"); got.status != 401 {
		t.Errorf("got %d", got.status)
	}
	step(a, 400, "3 1 2") // a stranger did not count
	got := a.do("DELETE", "/v1/channels/c1", "")
	if got.want(t, 404, "NOT_FOUND"); got.header.Get("Retry-After") != "" {
		t.Error("Retry-After is not documented")
	}
	if got := a.receive("{}"); got.body["errorCode"] != 429.0 {
		t.Errorf("got %s, want the gateway's envelope", got.raw)
	}
}

func TestDailyBudget(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now, DailyBudget: 32})
	budget := func(got answer) string {
		return got.header.Get("X-Daily-Ratelimit-Token-Limit") + " " + got.header.Get("X-Daily-Ratelimit-Token-Remaining")
	}
	for _, step := range []struct {
		ask    func() answer
		status int
		want   string
	}{
		{func() answer { return a.addChannel(channel()) }, 200, "32 22"},
		{func() answer { return a.receive("{}") }, 400, "32 12"}, // a refused body costs as well
		{func() answer { return a.do("GET", "/v1/channels", "") }, 405, "32 12"},
		{func() answer { return a.deleteConversation("c1", "v1") }, 404, "32 6"},
		{func() answer { return a.receive(message()) }, 429, "32 6"},
		{func() answer { return a.deleteChannel("c1") }, 200, "32 0"},
		{func() answer { return a.deleteChannel("c1") }, 429, "32 0"},
		{func() answer { return a.do("GET", "/v1/users/me", "") }, 200, "32 0"}, // it costs nothing
	} {
		if got := step.ask(); got.status != step.status || budget(got) != step.want {
			t.Errorf("got %d %q %s, want %d %q", got.status, budget(got), got.raw, step.status, step.want)
		}
	}
	clock.advance(16*time.Hour + 2*time.Minute - time.Nanosecond)
	if got := a.receive(message()); got.status != 429 {
		t.Errorf("got %d before midnight UTC", got.status)
	}
	clock.advance(time.Nanosecond)
	if got := a.deleteChannel("c1"); got.status != 404 || budget(got) != "32 26" {
		t.Errorf("got %d %q after midnight UTC", got.status, budget(got))
	}

	defaults := start(t, emulator.Config{}).receive("{}")
	if got := budget(defaults) + " " + defaults.header.Get("X-Ratelimit-Limit"); got != "30000 29990 80" {
		t.Errorf("the limits of a zero Config are %q", got)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 1000})
	for _, c := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"POST", "/api/v1/channels", 200, ""},
		{"GET", "/v1/channels", 405, "POST"},
		{"PUT", "/api/v1/channels/messages/receive", 405, "POST"},
		{"BREW", "/v1/channels/messages/receive", 405, "POST"},
		{"OPTIONS", "/v1/channels", 405, "POST"},
		{"BREW", "/v1/channels/c1/conversations/v1", 405, "DELETE"},
		{"GET", "/oauth/token", 405, "POST"},
		{"DELETE", "/oauth/revoke", 405, "POST"},
		{"PUT", "/oauth/authorize", 405, "GET, POST"},
		{"GET", "/marketplace/install", 405, "POST"},
		{"POST", "/v1/users/me", 405, "GET"},
		{"GET", "/v1/users/1", 404, ""},
		{"GET", "/users/me", 404, ""},
		{"GET", "/oauth/authorize/", 404, ""},
		{"GET", "/nowhere", 404, ""},
		{"GET", "/v1", 404, ""},
		{"POST", "/v2/channels", 404, ""},
		{"POST", "/v1channels", 404, ""},
		{"POST", "/v1/channels/", 404, ""},
		{"DELETE", "/v1/channels//conversations/v1", 404, ""},
		{"DELETE", "/v1/channels/c1/conversations/..", 404, ""},
		{"DELETE", "/v1/channels/c1/conversations/", 404, ""},
		{"DELETE", "/v1/./channels/c1", 404, ""},
		{"POST", "//v1/channels", 404, ""},
		{"POST", "/x/../v1/channels", 404, ""},
		{"POST", "/v1%2Fchannels", 404, ""},
		{"POST", "/oauth%2Ftoken", 404, ""},
	} {
		got := a.do(c.method, c.target, channel())
		if got.status != c.status || got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: got %d, Allow %q, want %d, %q", c.method, c.target, got.status, got.header.Get("Allow"), c.status, c.allow)
		}
		if c.status != 200 && got.body["errorCode"] != float64(c.status) {
			t.Errorf("%s %s: got %s", c.method, c.target, got.raw)
		}
	}
	if got := a.with("Authorization").do("GET", "/v1/nowhere", ""); got.status != http.StatusUnauthorized {
		t.Errorf("got %d, want the credentials to be judged before the route", got.status)
	}
	if got := a.with("Authorization").do("GET", "/v1channels", ""); got.status != http.StatusNotFound {
		t.Errorf("got %d outside the API", got.status)
	}
	if len(a.Channels()) != 1 {
		t.Error("a request on the way to nowhere has changed the channels")
	}
}

func TestForeignHostsAndOriginsAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	port := a.URL[strings.LastIndex(a.URL, ":"):]
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port, "LOCALHOST", "[::1]" + port, "[::1]", "::1", "127.9.9.9"} {
		if got := a.with("Host", host).receive("{}"); got.status != http.StatusBadRequest {
			t.Errorf("host %q: got %d %s", host, got.status, got.raw)
		}
	}
	for _, host := range []string{"evil.example", "evil.example" + port, "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.1", "0.0.0.0"} {
		a.with("Host", host).addChannel(channel()).want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
	}
	// The address that the connection came in on is the emulator's own.
	for local, status := range map[string]int{"192.0.2.1:80": http.StatusUnauthorized, "192.0.2.2:80": http.StatusForbidden} {
		addr := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(local))
		r := httptest.NewRequest(http.MethodPost, "http://192.0.2.1:80/v1/channels", http.NoBody)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(addr))))
		if w.Code != status {
			t.Errorf("a request to 192.0.2.1 that came in on %s: got %d, want %d", local, w.Code, status)
		}
	}
	a.with("Sec-Fetch-Site", "cross-site").addChannel(channel()).want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
	a.with("Origin", "https://evil.example").addChannel(channel()).want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
	a.with("Origin", "null").addChannel(channel()).want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
	if len(a.Channels()) != 0 {
		t.Error("a foreign page has registered a channel")
	}
	got := a.with("Origin", a.URL).addChannel(channel()).want(t, http.StatusOK, "")
	for key := range got.header {
		if strings.HasPrefix(key, "Access-Control-") {
			t.Errorf("the answer has the header %s", key)
		}
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	clock := newClock()
	broken := false
	a := start(t, emulator.Config{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Clock: func() time.Time {
			if broken {
				panic("the clock fell down")
			}
			return clock.Now()
		},
	})
	a.addChannel(channel()).want(t, http.StatusOK, "")
	broken = true
	if got := a.receive(message()); got.status != http.StatusInternalServerError || got.body["errorCode"] != 500.0 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	broken = false
	a.receive(message()).want(t, http.StatusOK, "")
	if !strings.Contains(log.String(), "the clock fell down") || !strings.Contains(log.String(), "path=/v1/channels/messages/receive status=500") {
		t.Errorf("the log does not tell of it:\n%s", log.String())
	}
	if strings.Contains(log.String(), a.AccessToken()) || strings.Contains(log.String(), "Hello") {
		t.Errorf("the log holds a token or a body:\n%s", log.String())
	}
}
