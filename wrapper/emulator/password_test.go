// Who may look at the emulator and control it.

package emulator_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestPagesAndControlWantThePassword(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{Password: emulator.NewSecret("pass")})
	status := func(target, password string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("any:"+password)))
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized && !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: a browser is not told to ask", target)
		}
		return resp.StatusCode
	}
	for _, target := range []string{"/", "/inspector", "/connect", "/static/base.css", "/marketplace", "/_emulator/state", "/_emulator/nowhere", "/file?in=a"} {
		if got := []int{status(target, ""), status(target, "wrong")}; got[0] != http.StatusUnauthorized && got[0] != http.StatusNotFound || got[0] != got[1] {
			t.Errorf("%s without the password: got %v", target, got)
		}
		if got := status(target, "pass"); got == http.StatusUnauthorized {
			t.Errorf("%s with the password: got %d", target, got)
		}
	}
	for _, target := range []string{"/livez", "/readyz"} {
		if got := status(target, ""); got != http.StatusOK {
			t.Errorf("%s: got %d", target, got)
		}
	}
	a.addChannel(channel()).want(t, http.StatusOK, "") // the API has tokens of its own
}

// Pages of other sites neither read nor control, whatever the browser lets through.
func TestOtherSitesCannotControl(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	for _, target := range []string{"/state", "/exchanges", "/events", "/snapshot"} {
		if got := a.with("Sec-Fetch-Site", "cross-site").control("GET", target, ""); got.status != http.StatusForbidden {
			t.Errorf("GET %s: got %d %s", target, got.status, got.raw)
		}
	}
	for _, target := range []string{"/reset", "/faults", "/replies", "/clock"} {
		if got := a.with("Sec-Fetch-Site", "cross-site").control("POST", target, "{}"); got.status != http.StatusForbidden {
			t.Errorf("POST %s: got %d %s", target, got.status, got.raw)
		}
	}
}
