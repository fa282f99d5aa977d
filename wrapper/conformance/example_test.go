package conformance_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// An app that has begun: it lists one conversation to whoever asks, and no more.
func Example() {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/channels/whatsapp-1/conversations" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"success": false, "data": {"message": "no such thing", "code": "NOT_FOUND"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"success": true, "additional_data": {}, "data": [{
			"id": "conversation-17", "link": "", "status": "open", "seen": true, "messages": [],
			"participants": [{"id": "shop", "name": "The Shop", "role": "source_user"}]
		}]}`)
	}))
	defer app.Close()

	report, err := conformance.Run(context.Background(), conformance.Config{
		Provider:     emulator.Provider{BaseURL: app.URL},
		ClientID:     "client-id",
		ClientSecret: emulator.NewSecret("client-secret"),
		Channel:      "whatsapp-1",
		NoMessages:   true,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Verdict)
	for _, c := range report.Checks {
		for _, f := range c.Findings {
			if c.Name == "history" || c.Name == "auth/getConversations" {
				fmt.Printf("%s: %s: %s\n", f.Severity, f.Rule, f)
			}
		}
	}
	// Output:
	// violation
	// violation: minItems: data.0.participants: minimum number of items is 2
	// violation: end_user: data.0.participants: it has nobody of role end_user
	// violation: auth-missing: no credentials: the call succeeded with status 200
	// violation: auth-wrong: a wrong secret: the call succeeded with status 200 (and 10 more)
	// risk: auth-scheme: the credentials as Bearer: the call succeeded with status 200, though only Basic is documented
}
