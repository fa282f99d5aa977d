// The control by spec/emulator.yaml, spoken to over HTTP as a script does.

package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// control asks the control; the answer must be a JSON object, or empty.
func (a api) control(method, target, body string) answer {
	a.tb.Helper()
	req, err := http.NewRequestWithContext(a.tb.Context(), method, a.URL+"/_emulator"+target, strings.NewReader(body))
	if err != nil {
		a.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, key := range []string{"Authorization", "Sec-Fetch-Site"} {
		if a.header.Get(key) != "" && !strings.HasPrefix(a.header.Get(key), "Bearer") {
			req.Header.Set(key, a.header.Get(key))
		}
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		a.tb.Fatal(err)
	}
	defer resp.Body.Close()
	out := answer{status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(resp.Body).Decode(&out.body); err != nil {
			a.tb.Fatalf("%s %s: %v", method, target, err)
		}
		raw, err := json.Marshal(out.body)
		if err != nil {
			a.tb.Fatal(err)
		}
		out.raw = string(raw)
	}
	return out
}

func (a answer) list(key string) []map[string]any {
	items, _ := a.body[key].([]any)
	var out []map[string]any
	for _, item := range items {
		out = append(out, item.(map[string]any))
	}
	return out
}

func TestWhatArrivedCanBeSeen(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel())
	a.receive(message("id", "m1", "message", "Is the blue one in stock?"))
	a.receive(message("id", "m2", "conversation_id", "v2", "created_at", "2026-03-01 08:00"))
	a.receive(message("id", "m1", "status", "read", "message", "Is the blue one in stock?"))
	if got := a.control("GET", "/channels", "").list("channels"); len(got) != 1 || got[0]["id"] != "c1" || got[0]["unread"] != 2.0 {
		t.Errorf("channels are %v", got)
	}
	ids := func(target, list string) string {
		var ids []string
		for _, item := range a.control("GET", target, "").list(list) {
			ids = append(ids, item["id"].(string))
		}
		return strings.Join(ids, " ")
	}
	for target, want := range map[string]string{
		"/conversations":                    "v2 v1",
		"/conversations?channel=c2":         "",
		"/conversations?search=BLUE":        "v1",
		"/conversations?limit=1":            "v2",
		"/conversations?limit=1&offset=1":   "v1",
		"/conversations?unread=true":        "v2 v1",
		"/conversations?failed=true":        "",
		"/messages":                         "m1 m2",
		"/messages?conversation=v2":         "m2",
		"/messages?text=blue":               "m1",
		"/messages?text=m2":                 "m2",
		"/messages?status=read":             "m1",
		"/messages?channel=c1&limit=1":      "m1",
		"/messages?channel=nowhere":         "",
		"/messages?origin=imported":         "",
		"/messages?after=1000000":           "",
		"/messages?status=sent&text=Hello":  "m2",
		"/messages?status=unconfirmed":      "",
		"/conversations?channel=c1&limit=5": "v2 v1",
	} {
		list, _, _ := strings.Cut(strings.TrimPrefix(target, "/"), "?")
		if got := ids(target, list); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	if got := a.control("POST", "/conversations/read", `{"channel_id":"c1","conversation_id":"v1"}`); got.status != http.StatusNoContent {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := ids("/conversations?unread=true", "conversations"); got != "v2" {
		t.Errorf("unread are %q", got)
	}
	if got := a.control("POST", "/conversations/read", `{"channel_id":"c1","conversation_id":"v9"}`); got.status != http.StatusNotFound {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	state := a.control("GET", "/state", "").body
	if state["messages"] != 2.0 || state["conversations"] != 2.0 || state["unread"] != 1.0 || state["client_id"] != a.ClientID() {
		t.Errorf("the state is %v", state)
	}
	if strings.Contains(fmt.Sprint(state), a.ClientSecret()) || strings.Contains(fmt.Sprint(state), a.AccessToken()) {
		t.Error("the state holds a secret")
	}
}

// An exchange says why, and by which rule; its secrets are hidden.
func TestExchangesSayWhy(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel())
	a.receive(message("status", "seen", "message", a.ClientSecret()))
	a.receive(message("created_at", "2026-03-01 07:58:30"))
	a.with("Authorization", "Bearer wrong").receive(message())
	a.asApp().token(refresh("emulator-refresh-UNKNOWN"))
	all := a.control("GET", "/exchanges", "").list("exchanges")
	var got []string
	for _, x := range all {
		got = append(got, fmt.Sprint(x["operation"], " ", x["status"], " ", x["verdict"], " ", x["stopped_at"], " ", x["code"], " ", x["rules"].([]any)[0].(map[string]any)["provenance"]))
	}
	want := []string{
		"token 400 refused oauth invalid_grant documented",
		"receiveMessage 401 refused credentials <nil> seen",
		"receiveMessage 200 lenient <nil> <nil> choice",
		"receiveMessage 400 refused document INVALID_RECEIVE_MESSAGE_PAYLOAD documented",
		"addChannel 200 ok <nil> <nil> documented",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("exchanges are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, x := range all {
		whole := a.control("GET", fmt.Sprintf("/exchanges/%v", x["number"]), "")
		for name, secret := range map[string]string{"access token": a.AccessToken(), "client secret": a.ClientSecret(), "refresh token": "UNKNOWN", "wrong": "Bearer wrong"} {
			if strings.Contains(whole.raw, secret) {
				t.Errorf("exchange %v shows the %s: %s", x["number"], name, whole.raw)
			}
		}
		if whole.body["status"] != 401.0 && whole.body["request"].(map[string]any)["body"] == nil || whole.body["response"].(map[string]any)["body"] == "" {
			t.Errorf("exchange %v has no bodies: %s", x["number"], whole.raw)
		}
	}
	refused := a.control("GET", "/exchanges?verdict=refused&operation=receiveMessage&status=400", "").list("exchanges")
	if len(refused) != 1 || !strings.Contains(fmt.Sprint(refused[0]["findings"]), "where:status") {
		t.Errorf("got %v", refused)
	}
	if got := a.control("GET", "/exchanges/999", ""); got.status != http.StatusNotFound {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel())
	found := make(chan answer, 2)
	go func() { found <- a.control("GET", "/messages/wait?text=blue&status=read", "") }()
	go func() { found <- a.control("GET", "/exchanges/wait?verdict=refused", "") }()
	a.receive(message("message", "the blue one"))
	a.receive(message("message", "the blue one", "status", "read"))
	a.receive("{}")
	for range 2 {
		if got := <-found; got.status != http.StatusOK || got.body["id"] != "m1" && got.body["verdict"] != "refused" {
			t.Errorf("got %d %s", got.status, got.raw)
		}
	}
	// What is there already is found at once, the newest first; what is older than a number is not.
	a.receive(message("id", "m2", "message", "the blue one", "status", "read"))
	got := a.control("GET", "/messages/wait?text=blue", "")
	if got.body["id"] != "m2" {
		t.Errorf("got %s", got.raw)
	}
	none := a.control("GET", fmt.Sprintf("/messages/wait?text=blue&timeout=0.01&after=%v", got.body["number"]), "")
	if none.status != http.StatusRequestTimeout {
		t.Errorf("got %d %s", none.status, none.raw)
	}
}

func TestAReplyByTheControl(t *testing.T) {
	t.Parallel()
	app := startApp(t, map[string]string{
		list:                               historyPage("", conversation("v1", firstMessage)),
		"GET /channels/c%2F1/senders/ada":  `{"success":true,"data":{"id":"ada","name":"Ada"}}`,
		"POST /channels/c%2F1/messages":    `{"success":true,"data":{"id":"r1"}}`,
		"GET /channels/c%2F1/conversation": `{}`,
	})
	e, _ := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c/1"}`)
	settle(t, e.Server)
	got := e.control("POST", "/replies", `{"channel_id":"c/1","conversation_id":"v1","message":"Yes","files":[{"name":"a.txt","type":"text/plain","content":"aGVsbG8="}]}`)
	if got.status != http.StatusOK || got.body["id"] != "r1" || got.body["status"] != "" || got.body["origin"] != "replied" {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	e.receive(message("id", "r1", "channel_id", "c/1", "status", "delivered"))
	if got := e.control("GET", "/messages/wait?text=r1", ""); got.body["status"] != "delivered" || got.body["origin"] != "replied" {
		t.Errorf("got %s", got.raw)
	}
	// The confirmation is caused by the call that it confirms.
	post := e.control("GET", "/exchanges?operation=postMessage", "").list("exchanges")[0]
	confirmation := e.control("GET", "/exchanges?operation=receiveMessage", "").list("exchanges")[0]
	if confirmation["cause"] != post["number"] {
		t.Errorf("the confirmation is caused by %v, want %v", confirmation["cause"], post["number"])
	}
	imports := e.control("GET", "/exchanges?operation=getConversations", "").list("exchanges")
	if added := e.control("GET", "/exchanges?operation=addChannel", "").list("exchanges")[0]; imports[0]["cause"] != added["number"] {
		t.Errorf("the import is caused by %v, want %v", imports[0]["cause"], added["number"])
	}
	for body, status := range map[string]int{
		`{"channel_id":"c/1","conversation_id":"v9","message":"Yes"}`: http.StatusBadRequest,
		`{"channel_id":"c/1","conversation_id":"v1"}`:                 http.StatusBadRequest,
		`{"channel_id":`: http.StatusBadRequest,
	} {
		if got := e.control("POST", "/replies", body); got.status != status || got.body["error"] == "" {
			t.Errorf("%s: got %d %s", body, got.status, got.raw)
		}
	}
}

// The answers are as the document has them.
func TestTheControlIsAsItsDocument(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile("../../spec/emulator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, emulator.Config{})
	a.addChannel(channel())
	a.receive(message())
	a.receive(message("status", "seen"))
	a.control("POST", "/faults", `{"kind":"status","operation":"token","nth":3}`)
	for _, path := range []string{"/state", "/channels", "/conversations", "/messages", "/exchanges", "/faults", "/clock", "/limits", "/installations", "/token-calls"} {
		got := a.control("GET", path, "")
		schema := doc.Paths.Value(path).Get.Responses.Status(200).Value.Content.Get("application/json").Schema.Value
		if err := schema.VisitJSON(got.body, openapi3.VisitAsResponse(), openapi3.EnableFormatValidation()); got.status != http.StatusOK || err != nil {
			t.Errorf("%s: got %d %s: %v", path, got.status, got.raw, err)
		}
	}
}
