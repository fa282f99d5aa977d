package pipeline

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A server that closes without a word may have done what it was asked; one that is not
// there has not.
func TestWatch(t *testing.T) {
	t.Parallel()
	nothingSent := func(url string) bool {
		var w watch
		req, err := http.NewRequest(http.MethodDelete, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := new(http.Transport).RoundTrip(req.WithContext(w.attach(t.Context())))
		if err == nil {
			_ = resp.Body.Close()
			t.Error("the server answered")
		}
		return w.nothingSent(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	if nothingSent(server.URL) {
		t.Error("closed without a word: taken for not sent")
	}
	t.Cleanup(server.Close)
	if !nothingSent("http://127.0.0.1:1") { // a port that no test can listen on
		t.Error("not there: taken for sent")
	}
}

// A transport that reports nothing proves nothing, unless its error does.
func TestWithoutReports(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		io.EOF:                                false,
		&net.OpError{Op: "read", Err: io.EOF}: false,
		&net.OpError{Op: "dial", Err: errors.New("connection refused")}: true,
	} {
		var w watch
		if got := w.nothingSent(err); got != want {
			t.Errorf("%v: got %t, want %t", err, got, want)
		}
	}
}
