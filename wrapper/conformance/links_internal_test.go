// What must not happen to an app that is not on this machine; none is called here.

package conformance

import (
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// Of an app that is elsewhere, no answer makes the run call this machine.
func TestAnAppElsewhereDoesNotReachThisMachine(t *testing.T) {
	t.Parallel()
	l := newLinks([]string{"messenger.example"}, 0)
	for link, ok := range map[string]bool{
		"https://files.example/1":   true,
		"https://localhost/1":       true, // refused once it is resolved, see below
		"http://127.0.0.1:8080/":    false,
		"http://localhost/":         false,
		"http://messenger.example/": false,
	} {
		if _, err := l.target(link); (err == nil) != ok {
			t.Errorf("%s: %v", link, err)
		}
	}
	for address, ok := range map[string]bool{
		"93.184.216.34:443": true, "[2606:2800:220:1::1]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "192.168.1.1:443": false, "[fd00::1]:443": false, "[fe80::1]:443": false,
		"224.0.0.1:443": false, "[64:ff9b::7f00:1]:443": false, "198.18.0.1:443": false, "nothing": false,
	} {
		if err := l.mayDial(address, false); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := l.mayDial("10.0.0.1:443", true); err != nil {
		t.Errorf("the app's own host: %v", err)
	}
}

func TestAnAppElsewhereGetsNoMessagesByDefault(t *testing.T) {
	t.Parallel()
	for conversation, want := range map[string]bool{"": false, "c1": true} {
		r, err := newRun(t.Context(), Config{
			Provider: emulator.Provider{BaseURL: "https://messenger.example"}, Channel: "c", Conversation: conversation,
			ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"),
		})
		if err != nil {
			t.Fatal(err)
		}
		r.check = &Check{}
		if _, ok := r.letter(); ok != want || !ok && r.check.Verdict != NotChecked {
			t.Errorf("conversation %q: %t, %+v", conversation, ok, r.check)
		}
	}
}
