package sent_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pdchannels/pdchannels/internal/sent"
)

// A server that closes without a word may have done what it was asked; one that is not
// there has not.
func Example() {
	try := func(url string) bool {
		var w sent.Watch
		req, err := http.NewRequest(http.MethodDelete, url, nil)
		if err != nil {
			panic(err)
		}
		_, err = new(http.Transport).RoundTrip(req.WithContext(w.Attach(req.Context())))
		return w.Nothing(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	fmt.Println("closed without a word:", try(server.URL))
	server.Close()
	fmt.Println("not there:", try(server.URL))
	// Output:
	// closed without a word: false
	// not there: true
}

// A transport that reports nothing proves nothing, unless its error does.
func TestWithoutReports(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		io.EOF:                                false,
		&net.OpError{Op: "read", Err: io.EOF}: false,
		&net.OpError{Op: "dial", Err: errors.New("connection refused")}: true,
	} {
		var w sent.Watch
		if got := w.Nothing(err); got != want {
			t.Errorf("%v: got %t, want %t", err, got, want)
		}
	}
}
