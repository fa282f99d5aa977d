// Findings by their causes.

package conformance_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// broken is an app as somebody has it after an afternoon: no credentials, some names wrong, errors in HTML.
func broken(w http.ResponseWriter, r *http.Request) {
	const conversation = `{"id":"c","link":"","status":"active","seen":true,"messages":[{"id":"m","status":"sent","message":"x","sender_id":"p","created_at":"yesterday"}],` +
		`"participants":[{"id":"p","name":"P","role":"owner"},{"id":"q","name":"Q","role":"end_user"}]}`
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.Path; {
	case r.Method == http.MethodPost:
		_, _ = w.Write([]byte(`{"success":true,"data":{"id":7}}`))
	case strings.HasSuffix(path, "/conversations"):
		_, _ = w.Write([]byte(`{"success":true,"data":[` + conversation + `],"additional_data":{}}`))
	case strings.Contains(path, "/conversations/") && !strings.Contains(path, "/messages/"):
		_, _ = w.Write([]byte(`{"success":true,"data":` + conversation + `,"additional_data":{}}`))
	default:
		http.Error(w, "<h1>no</h1>", http.StatusInternalServerError)
	}
}

func TestFindingsAreGroupedByCause(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(broken))
	t.Cleanup(server.Close)
	cfg := conformance.Config{
		Provider: emulator.Provider{BaseURL: server.URL}, Channel: channel, ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"),
	}
	report, err := conformance.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range report.Causes {
		if c.Severity == conformance.Violation {
			got = append(got, strings.TrimSuffix(c.Rule+" of "+c.Property, " of "))
		}
		if c.Exchange == nil || c.Advice == "" || c.Reason == "" || len(c.Endpoints) == 0 || c.Count == 0 {
			t.Errorf("%+v", c)
		}
	}
	want := []string{
		"refused", "server-error", "auth-missing", "auth-wrong", "not-json", "type of posted.id",
		"enum of participants.role", "enum of status", "time of messages.created_at", "id of id", "source_user of participants",
	}
	if !slices.Equal(got, want) || report.Violations != len(want) || len(report.Findings(conformance.Violation)) < 5*len(want) {
		t.Errorf("to fix are %q, want %q: %s", got, want, report)
	}
	for _, c := range report.Causes { // 11 kinds of wrong credentials at 7 endpoints
		if want := map[string]int{"auth-missing": 7, "auth-wrong": 77}[c.Rule]; want > 0 && (c.Count != want || len(c.Endpoints) != 7) {
			t.Errorf("%s was seen %d times, want %d: %q", c.Rule, c.Count, want, c.Endpoints)
		}
	}
	both := []string{"getConversations", "getConversationById"}
	if i := slices.IndexFunc(report.Causes, func(c conformance.Cause) bool { return c.Rule == "time" }); !slices.Equal(report.Causes[i].Endpoints, both) {
		t.Errorf("%+v", report.Causes[i])
	}
	if lines := strings.Count(report.String(), "\n"); lines > 25 {
		t.Errorf("%d lines: %s", lines, report)
	}
	if text, err := json.Marshal(report); err != nil || !strings.Contains(string(text), `"causes":[{"severity":"violation","rule":"refused"`) {
		t.Errorf("%v: %.1000s", err, text)
	}

	cfg.Only = []string{"time", "enum"}
	only, err := conformance.Run(t.Context(), cfg)
	if err != nil || only.Violations != 3 || only.Risks != 0 || only.Verdict != conformance.Violated {
		t.Error(err, only)
	}
	cfg.Only = []string{"link-dead"}
	if only, err = conformance.Run(t.Context(), cfg); err != nil || only.Violations+only.Risks != 0 {
		t.Error(err, only)
	}
}

// A risk and a violation of one cause are a violation.
func TestTheWorstOfACauseCounts(t *testing.T) {
	t.Parallel()
	report := checkApp(t, fault{failure: func(_ *http.Request, e string, status *int, body object) {
		if e == "getSenderById" && *status == 404 {
			body["data"] = nil
		}
	}})
	if len(report.Causes) == 0 || report.Causes[0].Severity != conformance.Violation || report.Causes[0].Property != "error: data" {
		t.Error(report)
	}
}
