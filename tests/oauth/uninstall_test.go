// The end of an installation, from either side, and those that only look like one.

package oauth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestTheUserUninstalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	src := w.install()
	if err := w.pipedrive.Uninstall(t.Context(), owner.UserID); err != nil {
		t.Fatal(err)
	}
	select { // Uninstall returns when the app has answered
	case in := <-w.uninstalled:
		if in != owner {
			t.Errorf("the app was told of %v", in)
		}
	default:
		t.Error("the app was not told")
	}
	if err := w.call(src, nil); !errors.Is(err, auth.ErrNotInstalled) {
		t.Errorf("got %v, want to be told that the app is not installed", err)
	}
	if err := w.call(w.install(), nil); err != nil {
		t.Errorf("installed again: %v", err)
	}
}

func TestTheAppUninstalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	src := w.install()
	old, err := src.Token()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.Uninstall(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if have := w.pipedrive.Installations(); len(have) != 0 {
		t.Errorf("Pipedrive has %+v", have)
	}
	if err := w.call(src, nil); !errors.Is(err, auth.ErrNotInstalled) {
		t.Errorf("got %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.oauthURL+"/v1/users/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	old.SetAuthHeader(r)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old access token still opens the API: %d", resp.StatusCode)
	}
}

// None of these is Pipedrive's word that the user has uninstalled the app now.
func TestUninstallsThatAreForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	src := w.install()
	id, secret := w.pipedrive.ClientID(), w.pipedrive.ClientSecret()
	const now = `"timestamp":"2999-01-01T00:00:00.000Z"`
	for name, c := range map[string]struct {
		id, secret, body string
		status           int
	}{
		"no credentials":     {"", "", `{"client_id":"` + id + `","company_id":1,"user_id":1,` + now + `}`, 401},
		"another secret":     {id, "guess", `{"client_id":"` + id + `","company_id":1,"user_id":1,` + now + `}`, 401},
		"another app's":      {id, secret, `{"client_id":"other","company_id":1,"user_id":1,` + now + `}`, 400},
		"another user's":     {id, secret, `{"client_id":"` + id + `","company_id":1,"user_id":2,` + now + `}`, 204},
		"older than install": {id, secret, `{"client_id":"` + id + `","company_id":1,"user_id":1,"timestamp":"2020-01-01T00:00:00.000Z"}`, 204},
		"no JSON":            {id, secret, `client_id=` + id, 400},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, w.callback, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.id != "" {
			r.SetBasicAuth(c.id, c.secret)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s: got %d, want %d", name, resp.StatusCode, c.status)
		}
		if err := w.call(src, nil); err != nil {
			t.Errorf("%s: the app can no longer call: %v", name, err)
		}
	}
	if len(w.uninstalled) != 0 {
		t.Error("the app believed one of them")
	}
	// The positive control: the true one, of now.
	if err := w.pipedrive.Uninstall(t.Context(), owner.UserID); err != nil || len(w.uninstalled) != 1 {
		t.Errorf("%v; the true call was not believed", err)
	}
}

// The app may ask for the uninstall while the emulator's call comes in.
func TestTheAppIsToldOfItsOwnUninstall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install()
	begin := time.Now()
	if err := w.app.Uninstall(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("the two have waited for each other: %v", took)
	}
}
