// Two apps on one store, installed by one user.

package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestTwoAppsOnOneStore(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(h *harness) {
		first := h.install()
		mine := h.app
		h.conf.ClientID = otherClientID
		h.app = h.newApp()
		other := h.app.TokenSource(alice)
		if _, err := other.Token(); !errors.Is(err, auth.ErrNotInstalled) {
			h.Errorf("the other app, which is not installed: %v", err)
		}
		if err := h.app.Forget(h.Context(), alice); !errors.Is(err, auth.ErrNotInstalled) {
			h.Errorf("the other app forgets: %v", err)
		}
		uninstall := func() {
			if w := h.serve(uninstallRequestOf(otherClientID)); w.Code != http.StatusNoContent {
				h.Errorf("the uninstall call of the other app: %d %s", w.Code, w.Body)
			}
		}
		uninstall()
		h.token(first)

		h.install()
		for range 3 {
			<-time.After(time.Hour)
			if a, b := h.token(first), h.token(other); a == b {
				h.Error("two apps have one token")
			}
			for _, id := range []string{clientID, otherClientID} { // and so by processes that begin
				h.conf.ClientID = id
				h.token(h.newApp().TokenSource(alice))
			}
		}
		if h.refusals != 0 {
			h.Errorf("%d refresh tokens were refused", h.refusals)
		}

		uninstall()
		if _, err := other.Token(); !errors.Is(err, auth.ErrNotInstalled) {
			h.Errorf("the other app, once uninstalled: %v", err)
		}
		<-time.After(time.Hour)
		h.token(first)
		h.app = mine
		h.install() // anew, which leaves the other as it is
		<-time.After(time.Hour)
		h.token(first)
		if _, err := other.Token(); !errors.Is(err, auth.ErrNotInstalled) {
			h.Errorf("the other app: %v", err)
		}
	})
}

func uninstallRequestOf(id string) *http.Request {
	r := uninstallRequest(strings.NewReader(`{"client_id":"` + id + `","company_id":1001,"user_id":42}`))
	r.SetBasicAuth(id, clientSecret)
	return r
}
