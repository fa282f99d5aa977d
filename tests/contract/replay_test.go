// Check 2: the client makes the request of each recording, byte by byte, and turns its
// answer into the result that was written down by hand.
package contract

import (
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/tests/recordings"
)

func TestClientReplaysTheRecordings(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			call, asked := r.Call, r
			if call == "" {
				// The client does not make such a request, so one that it makes gets its answer.
				asked = named(t, r.Operation+"-200")
				call = asked.Call
			}
			replay := &recordings.Replayer{Answer: r.Response}
			client, err := clientFor(asked, "http://127.0.0.1", replay.Transport())
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(t.Context(), client, call)
			if err != nil {
				t.Fatal(err)
			}
			if len(replay.Requests) != 1 {
				t.Fatalf("the client made %d requests, want 1", len(replay.Requests))
			}
			if complaint := recordings.Unmatched(replay.Requests[0], asked, corpus(t)); complaint != "" {
				t.Error(complaint)
			}
			if got != r.Result {
				t.Errorf("the client returned\n%s\n\nand should have returned\n%s", got, r.Result)
			}
		})
	}
}

func TestUnmatchedRequestIsShownBesideTheNearestRecording(t *testing.T) {
	t.Parallel()
	want := named(t, "addChannel-200")
	sent := recordings.Compact(want.Request)
	if complaint := recordings.Unmatched(sent, want, corpus(t)); complaint != "" {
		t.Fatalf("the recorded request does not match itself: %s", complaint)
	}
	for name, change := range map[string]func(r *recordings.Request){
		"method":     func(r *recordings.Request) { r.Method = "PUT" },
		"path":       func(r *recordings.Request) { r.Path += "/" },
		"header":     func(r *recordings.Request) { r.Header.Set("X-Api-Token", "API_TOKEN") },
		"value":      func(r *recordings.Request) { r.Body = strings.Replace(r.Body, "Support", "Sales", 1) },
		"whitespace": func(r *recordings.Request) { r.Body += "\n" },
		"key order":  func(r *recordings.Request) { r.Body = `{"name":1,"avatar_url":2}` },
	} {
		changed := sent
		changed.Header = sent.Header.Clone()
		change(&changed)
		complaint := recordings.Unmatched(changed, want, corpus(t))
		shown := changed
		shown.Body = recordings.Indent(shown.Body)
		if !strings.Contains(complaint, shown.String()) || !strings.Contains(complaint, "not the request of addChannel-200") {
			t.Errorf("a request with another %s is complained about by %q", name, complaint)
		}
	}
	// A request that belongs to another recording altogether is shown beside that one.
	other := named(t, "deleteConversation-404")
	if complaint := recordings.Unmatched(other.Request, want, corpus(t)); !strings.Contains(complaint, "/conversations/conversation-17 HTTP/1.1\n") ||
		!strings.Contains(complaint, "The nearest recording is deleteConversation-") {
		t.Errorf("the complaint does not name the nearest recording: %s", complaint)
	}
}
