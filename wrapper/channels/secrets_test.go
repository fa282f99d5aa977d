package channels_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const canary = "canary-7f3a.b:c~d"

// A server that echoes the credential wherever it can must not bring it into an error or a log.
func TestSecretsAppearNowhere(t *testing.T) {
	t.Parallel()
	echo := func(status int, contentType, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("X-Correlation-Id", canary)
			w.Header().Set("Location", "https://evil.example/"+canary+"?token="+canary)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, format, canary)
		}
	}
	credentials := map[string]channels.Credential{
		"oauth":     channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: canary, RefreshToken: canary})),
		"api token": channels.APIToken(canary),
	}
	handlers := []http.HandlerFunc{
		echo(400, "application/json", `{"success":false,"error":"%[1]s","error_info":"%[1]s","additional_data":{"code":"%[1]s"}}`),
		echo(401, "application/json", `{"success":false,"error":"%s is no token"}`),
		echo(403, "text/html", `<title>%s</title>`),
		echo(200, "text/html", `<title>%s</title>`),
		echo(200, "application/json", `{"success":true,"data":{"id":"1","created_at":"%s"}}`),
		echo(200, "application/json", `{"success":`+"%s"),
		echo(307, "text/plain", `%s`),
		echo(200, "application/json", strings.Repeat("x", 8180)+`%s`), // where texts are cut
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for kind, credential := range credentials {
		for i, handler := range handlers {
			var log bytes.Buffer
			client, err := channels.NewClient(credential, once, channels.WithBaseURL(newServer(t, handler)),
				channels.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.ReceiveMessage(t.Context(), message())
			seen := everyWay(err) + everyWay(client) + log.String()
			if strings.Contains(seen, "canary") {
				t.Errorf("%s, handler %d: the secret is in\n%s", kind, i, seen)
			}
		}
		if seen := everyWay(credential) + everyWay(&credential) + everyWay(struct{ inside channels.Credential }{credential}); strings.Contains(seen, "canary") {
			t.Errorf("%s: the secret is in %s", kind, seen)
		}
	}
	// The positive control: what looks for the secret does find it.
	if !strings.Contains(everyWay(struct{ inside string }{canary}), "canary") || !strings.Contains(everyWay(&oauth2.Token{AccessToken: canary}), "canary") {
		t.Error("the secret is not found where it is")
	}
}

// everyWay prints a value in every way that Go has.
func everyWay(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		_, _ = fmt.Fprintf(&b, verb+"\n", v)
	}
	j, _ := json.Marshal(v)
	b.Write(j)
	slog.New(slog.NewTextHandler(&b, nil)).Info("it", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("it", "v", v)
	_, _ = io.WriteString(&b, fmt.Sprint(v))
	return b.String()
}
