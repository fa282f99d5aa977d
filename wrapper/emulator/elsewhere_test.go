// Nothing is fetched but from the app, whatever an app or a client names.

package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestNothingIsFetchedFromElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was called at another host than the app's", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	app := startApp(t, map[string]string{
		list: historyPage("", `{"id":"v1","link":"","status":"open","seen":true,"messages":[{"id":"m1","status":"read","created_at":"2026-03-01 07:58","message":"See","sender_id":"ada",`+
			`"attachments":[{"id":"a1","type":"image/png","url":"`+elsewhere.URL+`/1.png","link_expires":true}]}],"participants":[{"id":"shop","name":"Shop","role":"source_user"},`+
			`{"id":"ada","name":"Ada","role":"end_user","avatar_expires":true,"avatar_url":"`+elsewhere.URL+`/ada.png"}]}`),
	})
	e, _ := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c/1","avatar_url":"` + elsewhere.URL + `/icon.png"}`)
	settle(t, e.Server)
	name := strings.TrimPrefix(app.URL, "http://")
	for i, url := range []string{elsewhere.URL + "/2.png", "http://" + name + "@" + strings.TrimPrefix(elsewhere.URL, "http://") + "/3.png", "file:///etc/passwd", elsewhere.URL + "/#" + name} {
		e.receive(message("id", "n"+string(rune('0'+i)), "channel_id", "c/1", "attachments", []any{map[string]any{"id": "a1", "type": "image/png", "url": url}})).want(t, http.StatusOK, "")
	}
	for _, target := range []string{
		"/file?in=c/1&c=v1&m=m1&id=a1&show", "/avatar?in=c/1&c=v1&id=ada", "/file?in=c/1&c=v1&m=n0&id=a1", "/file?in=c/1&c=v1&m=n1&id=a1",
		"/file?in=c/1&c=v1&m=n2&id=a1", "/file?in=c/1&c=v1&m=n3&id=a1",
	} {
		w := httptest.NewRecorder()
		if e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+target, http.NoBody)); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", target, w.Code)
		}
	}
	w := httptest.NewRecorder()
	if e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/?in=c/1&c=v1", http.NoBody)); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `src="`+elsewhere.URL) {
		t.Errorf("the page has the browser fetch from elsewhere: %d", w.Code)
	}
	settle(t, e.Server)
}
