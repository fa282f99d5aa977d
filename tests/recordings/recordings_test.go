package recordings_test

import (
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/tests/recordings"
)

func Example() {
	all, err := recordings.All()
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range all {
		if r.Operation == "deleteConversation" && r.Origin.Counts() {
			fmt.Printf("%d %s\n", r.Response.Status, r.Request.Path)
		}
	}
	// Output:
	// 200 /v1/channels/whatsapp-4915112345678/conversations/conversation-17
	// 200 /v1/channels/b%C3%BCro%2F1+1@z%C3%BCrich:50%25%23%3F/conversations/gespr%C3%A4ch%2017
	// 403 /v1/channels/whatsapp-4915112345678/conversations/conversation-17
	// 404 /v1/channels/whatsapp-4915112345678/conversations/conversation-17
}

const good = `A channel goes.

operation: deleteChannel
origin: invented
source: ours
given: user=member
given: after=addChannel-200
given: limit=daily
given: app=limited
given: fault=proxy
exempt: emulator, it has no proxy
-- call --
DeleteChannel {}
-- request --
DELETE /v1/channels/1 HTTP/1.1
Authorization: Bearer MEMBER_ACCESS_TOKEN
-- response --
HTTP/1.1 200 OK
Content-Type: application/json
X-Twice: 1
X-Twice: 2

{
  "success": true
}
-- result --
done
`

func TestParseAndFormatAreInverse(t *testing.T) {
	t.Parallel()
	r, err := recordings.Parse("deleteChannel-200", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(r.Format()); got != good {
		t.Errorf("got\n%s\nwant\n%s", got, good)
	}
	if r.Given.User != "member" || r.Given.Limit != "daily" || r.Given.App != "limited" || r.Given.Fault != "proxy" || len(r.Given.After) != 1 {
		t.Errorf("given is %+v", r.Given)
	}
	if !r.ExemptFrom(recordings.CheckEmulator) || r.ExemptFrom(recordings.CheckRequest) {
		t.Errorf("exempt is %+v", r.Exempt)
	}
	if r.Response.Status != 200 || r.Response.Body != "{\n  \"success\": true\n}" || r.Request.Path != "/v1/channels/1" {
		t.Errorf("parsed as %+v and %+v", r.Request, r.Response)
	}
}

// A slip in a file has to show: a misspelt line that is passed over would turn a check off.
func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, with, want string }{
		{"A channel goes.\n", "\n", "summary"},
		{"operation: deleteChannel\n", "", "operation:"},
		{"source: ours\n", "", "source:"},
		{"origin: invented", "origin: documentd", "documentd"},
		{"operation:", "operations:", "operations"},
		{"user=member", "user=boss", "user=boss"},
		{"after=addChannel-200", "after=", "after="},
		{"limit=daily", "limit=weekly", "limit=weekly"},
		{"app=limited", "app=asleep", "app=asleep"},
		{"fault=proxy", "fault=gremlins", "fault=gremlins"},
		{"exempt: emulator, it has no proxy", "exempt: emulator", "check, reason"},
		{"exempt: emulator", "exempt: client", "check, reason"},
		{"-- result --", "-- results --", "results"},
		{"-- response --\n", "-- response --\n-- response --\n", "empty"},
		{"DELETE /v1/channels/1 HTTP/1.1", "DELETE", "request line"},
		{"HTTP/1.1 200 OK", "HTTP/1.1 fine", "status line"},
		{"Content-Type: application/json", "Content-Type", "malformed"},
	} {
		text := strings.Replace(good, c.old, c.with, 1)
		if text == good {
			t.Fatalf("the good recording has no %q", c.old)
		}
		if _, err := recordings.Parse("x", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %q: got %v, want an error that says %q", c.with, err, c.want)
		}
	}
}
