// Check 3: sent to the emulator in the state that the recording gives, the request has the
// recorded answer.
package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/tests/recordings"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestEmulatorAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			judge(t, r, recordings.CheckEmulator, sameAnswer(doc, r, ask(t, doc, r, false)))
		})
	}
}

// What the client sends is accepted by every published source, so an emulator that refuses
// what any of them refuses answers the same.
func TestStrictEmulatorAnswersTheClientAsRecorded(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			if r.Call == "" || r.ExemptFrom(recordings.CheckEmulator) {
				return
			}
			if err := sameAnswer(doc, r, ask(t, doc, r, true)); err != nil {
				t.Error(err)
			}
		})
	}
}

// sameAnswer complains of an answer that is not the recorded one.
func sameAnswer(doc *openapi3.T, r *recordings.Recording, got recordings.Response) error {
	if different := differences(doc, r, got); len(different) > 0 {
		return fmt.Errorf("the answer is another one:\n  %s\n\nIt is\n\n%s", strings.Join(different, "\n  "), got)
	}
	return nil
}

// ask puts an emulator into the state that the recording gives, and sends the request.
func ask(t *testing.T, doc *openapi3.T, r *recordings.Recording, strict bool) recordings.Response {
	t.Helper()
	e, err := emulator.New(given(t, doc, r, strict))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range r.Given.After {
		before := named(t, name)
		if got := send(t, e, before.Request); got.Status != before.Response.Status {
			t.Fatalf("given: after=%s, but the emulator answers it\n\n%s", name, got)
		}
	}
	return send(t, e, r.Request)
}

func given(t *testing.T, doc *openapi3.T, r *recordings.Recording, strict bool) emulator.Config {
	t.Helper()
	cfg := emulator.Config{
		Users: []emulator.User{
			{ID: 42, Admin: true, AccessToken: emulator.NewSecret(recordings.AccessToken), APIToken: emulator.NewSecret(recordings.APIToken)},
			{ID: 43, AccessToken: emulator.NewSecret(recordings.MemberAccessToken)},
		},
		Clock:  func() time.Time { return time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC) },
		Strict: strict,
	}
	switch r.Given.Limit {
	case "burst":
		cfg.BurstLimit = len(r.Given.After)
	case "daily":
		for _, name := range r.Given.After {
			route, _, err := find(doc, named(t, name))
			if err != nil {
				t.Fatal(err)
			}
			cost, _ := route.Operation.Extensions["x-token-cost"].(float64)
			cfg.DailyBudget += int(cost)
		}
	}
	return cfg
}

func send(t *testing.T, to http.Handler, r recordings.Request) recordings.Response {
	t.Helper()
	r = recordings.Compact(r)
	req := httptest.NewRequestWithContext(t.Context(), r.Method, r.Path, strings.NewReader(r.Body))
	req.Host = "127.0.0.1"
	req.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	to.ServeHTTP(w, req)
	return recordings.Response{Status: w.Code, Header: w.Header(), Body: recordings.Indent(string(bytes.TrimSpace(w.Body.Bytes())))}
}

// The comparison itself has to see a difference of every kind.
func TestDifferencesAreSeen(t *testing.T) {
	t.Parallel()
	doc := document(t)
	r := named(t, "receiveMessage-200")
	if d := differences(doc, r, r.Response); len(d) > 0 {
		t.Fatalf("an answer differs from itself: %v", d)
	}
	replace := func(old, with string) func(*recordings.Response) {
		return func(a *recordings.Response) {
			if !strings.Contains(a.Body, old) {
				t.Fatalf("the recording has no %s", old)
			}
			a.Body = strings.Replace(a.Body, old, with, 1)
		}
	}
	for want, change := range map[string]func(*recordings.Response){
		"the status is 201, recorded is 200":                                            func(a *recordings.Response) { a.Status = 201 },
		"the header Content-Type is missing":                                            func(a *recordings.Response) { a.Header.Del("Content-Type") },
		"the content type is text/html, recorded is application/json":                   func(a *recordings.Response) { a.Header.Set("Content-Type", "text/html") },
		"data.id is missing":                                                            replace(`"id": "message-1",`, ""),
		"data.channel is not recorded":                                                  replace(`"channel_id"`, `"channel": 1, "channel_id"`),
		`data.sender_id is "person-8", recorded is "person-7"`:                          replace("person-7", "person-8"),
		`data.created_at is "2026-03-01 07:58", recorded is "2026-03-01T07:58:00.000Z"`: replace("2026-03-01T07:58:00.000Z", "2026-03-01 07:58"),
		"data.attachments has 2 items, recorded are 1":                                  replace(`"attachments": [`, `"attachments": [{},`),
		`data.attachments[0].size is "600.5", recorded is 600.5`:                        replace("600.5", `"600.5"`),
		"success is false, recorded is true":                                            replace("true", "false"),
		"the body is not JSON":                                                          replace("{", ""),
	} {
		changed := r.Response
		changed.Header = changed.Header.Clone()
		change(&changed)
		if got := differences(doc, r, changed); !slices.Contains(got, want) {
			t.Errorf("differences are %q, want one %q", got, want)
		}
	}
	limited := named(t, "receiveMessage-429")
	changed := limited.Response
	changed.Header = changed.Header.Clone()
	changed.Header.Set("X-Ratelimit-Limit", "40")
	if got, want := differences(doc, limited, changed), `the header X-Ratelimit-Limit is "40", recorded is "1"`; !slices.Contains(got, want) {
		t.Errorf("differences are %q, want one %q", got, want)
	}
}
