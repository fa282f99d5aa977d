package exchanges_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
)

func newLog() *exchanges.Log { return exchanges.New(events.New(time.Now), time.Now) }

func TestOldExchangesMakeRoom(t *testing.T) {
	t.Parallel()
	log := newLog()
	for range 5000 {
		log.Finish(log.Begin(emulatorserver.In, 0))
	}
	if kept, _ := log.Counts(); kept != 2000 || log.Dropped() != 3000 {
		t.Errorf("%d are kept, and %d dropped", kept, log.Dropped())
	}
	if _, ok := log.Get(3000); ok {
		t.Error("an old one is still there")
	}
	for range 2000 {
		x := log.Begin(emulatorserver.In, 0)
		x.Request.Header = http.Header{"X-Long": {strings.Repeat("x", 60<<10)}}
		x.About = strings.Repeat("y", 1<<20)
		x.Found(strings.Repeat("z", 1<<20), "is a property that no published source knows", false)
		log.Finish(x)
		if len(x.About)+len(x.Findings[0].Where) > 1000 {
			t.Fatal("a text of a request is kept whole")
		}
	}
	if kept, _ := log.Counts(); kept > 32<<20/(60<<10) {
		t.Errorf("%d with long headers are kept", kept)
	}
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	log := newLog()
	x := log.Begin(emulatorserver.In, 0)
	x.URL = "/v1/channels?api_token=SECRET1&Code=SECRET2&%61pi_token=SECRET3&q=shown"
	x.Request.Header = http.Header{
		"Authorization": {"Bearer SECRET4", "SECRET5"}, "X-Api-Token": {"SECRET6"}, "Cookie": {"a=SECRET7"},
		"Referer": {"http://127.0.0.1/cb?code=SECRET8"}, "X-Other": {"emulator-access-SECRET9"},
	}
	x.Request.Keep([]byte("grant_type=authorization_code&code=SECRET10&client_secret=SECRET11"))
	x.Response.Keep([]byte(`{"access_token": "SECRET12", "refresh_token":"SEC\"RET13","scope":"base"}`))
	log.Finish(x)
	v := x.View(true)
	text := v.URL + v.Request.Body + v.Response.Body
	for _, h := range v.Request.Headers {
		text += "\n" + h.Name + ": " + h.Value
	}
	if strings.Contains(text, "SECRET") || strings.Contains(text, "RET13") {
		t.Errorf("a secret shows:\n%s", text)
	}
	for _, want := range []string{"q=shown", "grant_type=authorization_code", `"scope":"base"`, "Bearer [hidden]"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not show:\n%s", want, text)
		}
	}
}

func TestBodiesAreCutAtACharacter(t *testing.T) {
	t.Parallel()
	log := newLog()
	x := log.Begin(emulatorserver.Out, 0)
	x.Request.Keep([]byte("a" + strings.Repeat("ü", 40<<10)))
	x.Response.Keep([]byte{0xff, 0x00})
	log.Finish(x)
	v := x.View(true)
	if !v.Request.Clipped || v.Request.Binary || strings.ContainsRune(v.Request.Body, '\uFFFD') || v.Request.Size != 1+80<<10 {
		t.Errorf("the request shows as %d of %d bytes, clipped %t, binary %t", len(v.Request.Body), v.Request.Size, v.Request.Clipped, v.Request.Binary)
	}
	if !v.Response.Binary || v.Response.Body != "" {
		t.Errorf("what is no text shows as %q", v.Response.Body)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	log := newLog()
	root := log.Begin(emulatorserver.In, 0)
	root.Operation, root.Status = "addChannel", 200
	page := log.Begin(emulatorserver.Out, root.Number)
	page.Operation, page.Status = "getConversations", 200
	page.Found("data.0.status", "it is missing", false)
	avatar := log.Begin(emulatorserver.Out, page.Number)
	avatar.Operation, avatar.Reason = "getSenderById", "no answer"
	for _, x := range []*exchanges.Exchange{avatar, page, root} { // they end in another order
		log.Finish(x)
	}
	const want = "→ #1 addChannel 200 ok\n  ← #2 getConversations 200 violation\n      data.0.status: it is missing\n    ← #3 getSenderById 0 failed: no answer\n"
	if got := exchanges.Print(log.Tree(0)); got != want {
		t.Errorf("the tree is\n%s\nwant\n%s", got, want)
	}
}
