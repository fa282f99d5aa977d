package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// A call that succeeds in the end says nothing of its first attempt: the log of the client would
// write over the progress of a delivery.
func TestARetryIsNotLogged(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if requests.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"success":false,"error":"later"}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"success":true,"data":{"id":7,"odd":true}}`)
	}))
	t.Cleanup(server.Close)
	r := pdchannels(t, []string{"PIPEDRIVE_BASE_URL=" + server.URL + "/v1", "PIPEDRIVE_ACCESS_TOKEN=token"}, "channel", "delete", "--id", "shop-1")
	if r.code != 0 || r.stderr != "" || requests.Load() != 2 {
		t.Errorf("%d requests, %+v", requests.Load(), r)
	}
}
