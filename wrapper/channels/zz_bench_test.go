package channels_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"context"

	"golang.org/x/oauth2"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func BenchmarkReceive(b *testing.B) {
	lim, _ := channels.NewLimiter(channels.LimiterConfig{Limit: 1<<20})
	client, _ := channels.NewClient(channels.OAuth(contextSource(func(context.Context) (*oauth2.Token, error) { return tok, nil })), channels.WithLimiter(lim), channels.WithHTTPClient(&http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: int64(len(messageAnswer)), Body: io.NopCloser(strings.NewReader(messageAnswer)), Header: http.Header{}}, nil
		}),
	}))
	m := message()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.ReceiveMessage(b.Context(), m); err != nil { b.Fatal(err) }
	}
}
var tok = &oauth2.Token{AccessToken: "tokentokentokentokentokentoken"}
