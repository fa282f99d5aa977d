// A callback that reaches several hosts of one app.

package auth_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// sharedStore is a store that several hosts ask about states.
type sharedStore struct {
	auth.MemoryStore
	used map[string]time.Time
	err  error
}

func (s *sharedStore) UseState(_ context.Context, state string, ends time.Time) (bool, error) {
	if _, used := s.used[state]; used || s.err != nil {
		return false, s.err
	}
	s.used[state] = ends
	return true, nil
}

func TestAStateWorksOnceOverAllHosts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		store := &sharedStore{used: map[string]time.Time{}}
		h.conf.Store = store
		here, there := h.newApp(), h.newApp()
		h.app = here
		b := h.browser()
		state := b.begin("")
		cookies := maps.Clone(b.cookies)
		store.err = errors.New("the database is away")
		b.wantPage(b.get("?code="+h.code()+"&state="+state), http.StatusBadGateway, "That did not work")
		h.wantCount("authorization_code", 0)

		store.err, h.app = nil, there
		b.cookies = maps.Clone(cookies)
		b.wantPage(b.get("?code="+h.code()+"&state="+state), http.StatusOK, "Connected")
		if left := time.Until(store.used[state]); left < 9*time.Minute || left > 10*time.Minute {
			t.Errorf("the store is to remember a state for %v", left)
		}

		h.app = h.newApp() // a third one, that has not seen it
		b.cookies = maps.Clone(cookies)
		resp := b.get("?code=" + h.code() + "&state=" + state)
		if resp.StatusCode == http.StatusOK {
			t.Errorf("a state worked on a second host")
		}
		h.wantWarning(auth.ErrState)
		h.wantCount("authorization_code", 1)
	})
}
