// Faults, time, limits and profiles: what meets a call, and what happens then.

package emulator_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// try sends a message, and tells what the client sees: a status, the kind of body, or that the connection ended.
func (a api) try(id string) string {
	a.tb.Helper()
	req, err := http.NewRequestWithContext(a.tb.Context(), http.MethodPost, a.URL+"/v1/channels/messages/receive", strings.NewReader(message("id", id)))
	if err != nil {
		a.tb.Fatal(err)
	}
	req.Header = a.header.Clone()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
			a.tb.Errorf("an error of another kind: %v", err)
		}
		return "ended"
	}
	defer resp.Body.Close()
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return fmt.Sprint(resp.StatusCode, " ", kind)
}

func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault emulator.Fault
		want  string // of three calls
		kept  string // the messages that are there then
	}{
		"the third":          {emulator.Fault{Kind: emulator.FaultStatus, Operation: "receiveMessage", Nth: 3, Status: 503}, "200 application/json, 200 application/json, 503 application/json", "m1 m2"},
		"every one":          {emulator.Fault{Kind: emulator.FaultStatus}, "500 application/json, 500 application/json, 500 application/json", ""},
		"twice":              {emulator.Fault{Kind: emulator.FaultPage, Times: 2}, "502 text/html, 502 text/html, 200 application/json", "m3"},
		"done and dropped":   {emulator.Fault{Kind: emulator.FaultDrop, Nth: 2}, "200 application/json, ended, 200 application/json", "m1 m2 m3"},
		"reset":              {emulator.Fault{Kind: emulator.FaultReset, Nth: 2}, "200 application/json, ended, 200 application/json", "m1 m3"},
		"twice over":         {emulator.Fault{Kind: emulator.FaultDouble, Nth: 2}, "200 application/json, 200 application/json, 200 application/json", "m1 m2 m3"},
		"burst":              {emulator.Fault{Kind: emulator.FaultBurst, Nth: 1}, "429 application/json, 200 application/json, 200 application/json", "m2 m3"},
		"expired":            {emulator.Fault{Kind: emulator.FaultExpired, Nth: 1}, "401 application/json, 200 application/json, 200 application/json", "m2 m3"},
		"delay":              {emulator.Fault{Kind: emulator.FaultDelay, Delay: time.Millisecond}, "200 application/json, 200 application/json, 200 application/json", "m1 m2 m3"},
		"conversation":       {emulator.Fault{Kind: emulator.FaultStatus, ConversationID: "v1", Nth: 2}, "200 application/json, 500 application/json, 200 application/json", "m1 m3"},
		"of another":         {emulator.Fault{Kind: emulator.FaultStatus, ConversationID: "v2"}, "200 application/json, 200 application/json, 200 application/json", "m1 m2 m3"},
		"of other operation": {emulator.Fault{Kind: emulator.FaultStatus, Operation: "postMessage"}, "200 application/json, 200 application/json, 200 application/json", "m1 m2 m3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, emulator.Config{})
			a.addChannel(channel())
			if err := a.Fault(test.fault); err != nil {
				t.Fatal(err)
			}
			var got, kept []string
			for _, id := range []string{"m1", "m2", "m3"} {
				got = append(got, a.try(id))
			}
			for _, m := range a.Messages("c1", "v1") {
				kept = append(kept, m.ID)
			}
			if strings.Join(got, ", ") != test.want || strings.Join(kept, " ") != test.kept {
				t.Errorf("got %s and kept %v, want %s and %s", got, kept, test.want, test.kept)
			}
			met := a.Exchanges(emulator.ExchangeQuery{Verdict: emulator.VerdictFault})
			if want := strings.Count(test.want, "200") == 3 && test.fault.Kind != emulator.FaultDelay; (len(met) == 0) != want && test.fault.Kind != emulator.FaultDouble {
				t.Errorf("%d exchanges met the fault", len(met))
			}
			a.ClearFaults()
			if got := a.try("m4"); got != "200 application/json" {
				t.Errorf("without the fault: %s", got)
			}
		})
	}
}

// A call that is doubled is carried out twice, and one that is overtaken after the next.
func TestCallsThatAreDoubledAndOvertaken(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	if err := a.Fault(emulator.Fault{Kind: emulator.FaultDouble, Operation: "addChannel"}); err != nil {
		t.Fatal(err)
	}
	a.addChannel(channel()).want(t, http.StatusConflict, "CHANNEL_ALREADY_EXISTS")
	if len(a.Channels()) != 1 || len(a.Exchanges(emulator.ExchangeQuery{Operation: "addChannel"})) == 0 {
		t.Error("the first of both was not carried out")
	}
	if err := a.Fault(emulator.Fault{Kind: emulator.FaultReorder, Operation: "receiveMessage", Nth: 1}); err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 2)
	entered := make(chan struct{})
	go func() {
		close(entered)
		a.receive(message("id", "m1"))
		done <- "m1"
	}()
	<-entered
	for a.control("GET", "/faults", "").list("faults")[1]["met"] != 1.0 {
		continue // until the first has met its fault
	}
	a.receive(message("id", "m2"))
	done <- "m2"
	<-done
	<-done
	if got := a.Messages("c1", "v1"); len(got) != 2 || got[0].ID != "m2" {
		t.Errorf("the messages are %+v", got)
	}
}

func TestABusyNeighbour(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 8, Profile: emulator.BusyNeighbour})
	if got := a.receive("{}").header.Get("X-Ratelimit-Remaining"); got != "1" {
		t.Errorf("%s of 8 requests are left", got)
	}
	a.receive("{}")
	if got := a.receive("{}"); got.status != http.StatusTooManyRequests {
		t.Errorf("got %d beside a busy neighbour", got.status)
	}
	if err := a.SetProfile(emulator.AsDocumented); err != nil {
		t.Fatal(err)
	}
	if got := a.receive("{}"); got.status != http.StatusBadRequest || got.header.Get("X-Ratelimit-Remaining") != "5" {
		t.Errorf("got %d %v alone", got.status, got.header)
	}
}

func TestFaultsThatAreNone(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	for _, f := range []emulator.Fault{{}, {Kind: "flood"}, {Kind: emulator.FaultDelay}, {Kind: emulator.FaultStatus, Status: 42}, {Kind: emulator.FaultStatus, Nth: -1}} {
		if err := a.Fault(f); err == nil {
			t.Errorf("%+v was set", f)
		}
	}
	if got := a.control("POST", "/faults", `{"kind":"burst","direction":"out"}`); got.status != http.StatusBadRequest {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	set := a.control("POST", "/faults", `{"kind":"page","operation":"receiveMessage"}`)
	if got := a.try("m1"); got != "502 text/html" {
		t.Errorf("got %s", got)
	}
	listed := a.control("GET", "/faults", "").list("faults")
	if len(listed) != 1 || listed[0]["met"] != 1.0 {
		t.Errorf("listed are %v", listed)
	}
	target := fmt.Sprintf("/faults/%v", set.body["id"])
	if got := a.control("DELETE", target, ""); got.status != http.StatusNoContent {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := a.control("DELETE", target, ""); got.status != http.StatusNotFound {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

// What Pipedrive sends to the app is lost, or answered by something on the way.
func TestFaultsTowardsTheApp(t *testing.T) {
	t.Parallel()
	app := startApp(t, map[string]string{
		list:                              historyPage("", conversation("v1", firstMessage)),
		"GET /channels/c%2F1/senders/ada": `{"success":true,"data":{"id":"ada","name":"Ada"}}`,
		"POST /channels/c%2F1/messages":   `{"success":true,"data":{"id":"r1"}}`,
	})
	e, _ := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c/1"}`)
	settle(t, e.Server)
	reply := func() error {
		_, err := e.Reply(t.Context(), emulator.Reply{ProviderChannelID: "c/1", ConversationID: "v1", Message: "Yes"})
		return err
	}
	for i, fault := range []emulator.Fault{
		{Kind: emulator.FaultStatus, Status: 429, Code: "RATE_LIMIT_EXCEEDED"}, {Kind: emulator.FaultPage}, {Kind: emulator.FaultReset}, {Kind: emulator.FaultDrop},
	} {
		fault.Operation = "postMessage"
		if err := e.Fault(fault); err != nil {
			t.Fatal(err)
		}
		before := len(app.called())
		if err := reply(); err == nil {
			t.Errorf("%s: the reply was taken", fault.Kind)
		}
		if reached := len(app.called()) > before; reached != (fault.Kind == emulator.FaultDrop) {
			t.Errorf("%s: the app was reached: %t", fault.Kind, reached)
		}
		failed := e.control("GET", "/messages?status=failed", "").list("messages")
		if len(failed) != i+1 || failed[0]["problem"] == "" {
			t.Errorf("%s: failed messages are %v", fault.Kind, failed)
		}
		e.ClearFaults()
	}
	if err := reply(); err != nil {
		t.Error(err)
	}
}

func TestOneClockForAll(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now, BurstLimit: 2, AccessTokenLifetime: time.Minute})
	tokens := a.install()
	a.Freeze(true)
	a.receive("{}")
	a.receive("{}")
	clock.advance(time.Hour) // it stands still
	if got := a.receive("{}"); got.status != http.StatusTooManyRequests {
		t.Errorf("got %d while the clock stood still", got.status)
	}
	a.Advance(2 * time.Second)
	if !a.opens(tokens["access_token"]) {
		t.Error("the token expired too early, or the burst window did not pass")
	}
	if got := a.control("POST", "/clock", `{"advance_seconds":58.5,"frozen":false}`); got.body["frozen"] != false {
		t.Errorf("got %s", got.raw)
	}
	if a.opens(tokens["access_token"]) {
		t.Error("the token outlived its minute")
	}
	a.SetTime(time.Date(2030, 1, 1, 23, 59, 59, 0, time.UTC))
	a.control("POST", "/limits", `{"daily_budget":10,"clear":true,"use_up_day":true}`)
	if got := a.receive("{}"); got.status != http.StatusTooManyRequests || got.header.Get("X-Daily-Ratelimit-Token-Remaining") != "0" {
		t.Errorf("got %d %v of a day that is used up", got.status, got.header)
	}
	a.Advance(2 * time.Second)
	if got := a.receive("{}"); got.status != http.StatusBadRequest {
		t.Errorf("got %d the next day", got.status)
	}
	if got := a.control("GET", "/limits", ""); got.body["daily_used"] != 10.0 || got.body["burst_limit"] != 2.0 {
		t.Errorf("the limits are %s", got.raw)
	}
	snapshot, err := a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other := start(t, emulator.Config{Seed: snapshot, Clock: clock.Now})
	if !other.Now().Equal(a.Now()) {
		t.Errorf("by the seed it is %v, want %v", other.Now(), a.Now())
	}
}

func TestTokensExpireAtWill(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	tokens := a.install()
	a.control("POST", "/tokens/expire", "")
	if a.opens(tokens["access_token"]) || !a.opens(a.AccessToken()) {
		t.Error("the wrong tokens are good")
	}
	again := a.asApp().token(refresh(tokens["refresh_token"]))
	if again.status != http.StatusOK || !a.opens(again.body["access_token"]) {
		t.Errorf("got %d %s", again.status, again.raw)
	}
	a.control("POST", "/tokens/expire", `{"refresh_tokens":true}`)
	a.asApp().token(refresh(again.body["refresh_token"])).wantOAuthError(t, "invalid_grant")
}

func TestAServiceThatIsWithdrawn(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{Profile: emulator.Withdrawn})
	got := []string{a.try("m1"), a.try("m1"), a.try("m1"), a.try("m1")}
	if strings.Join(got, ", ") != "410 application/json, 404 application/json, 404 text/html, 410 application/json" {
		t.Errorf("got %v", got)
	}
	if got := a.control("PUT", "/profile", `{"profile":""}`); got.status != http.StatusNoContent {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := a.try("m1"); got != "404 application/json" { // the channel
		t.Errorf("got %s", got)
	}
	if err := a.SetProfile("broken"); err == nil {
		t.Error("there is no such profile")
	}
}
