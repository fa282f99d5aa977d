// What a call costs is known to the client as the document has it.
package contract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// left is a Pipedrive that tells what is left of the daily budget, and counts.
type left struct{ tokens, requests int }

func (l *left) RoundTrip(r *http.Request) (*http.Response, error) {
	l.requests++
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(`{"success":true,"data":{}}`)),
		Header: http.Header{"X-Daily-Ratelimit-Token-Remaining": {fmt.Sprint(l.tokens)}, "Content-Type": {"application/json"}},
	}, nil
}

// With as many tokens left as an operation costs it is called once more; with one less it is not.
func TestTheClientKnowsTheDocumentsCosts(t *testing.T) {
	t.Parallel()
	tested := 0
	for path, item := range document(t).Paths.Map() {
		for _, operation := range item.Operations() {
			cost, _ := operation.Extensions["x-token-cost"].(float64)
			call := named(t, operation.OperationID+"-200").Call
			for _, tokens := range []int{int(cost), int(cost) - 1} {
				api := &left{tokens: tokens}
				client, err := channels.NewClient(channels.APIToken("token"), channels.WithHTTPClient(&http.Client{Transport: api}))
				if err != nil {
					t.Fatal(err)
				}
				name, body, _ := strings.Cut(call, " ")
				var last error
				for range 2 {
					_, last = methods[name](context.Background(), client, []byte(body))
				}
				if enough := tokens == int(cost); errors.Is(last, channels.ErrDailyLimit) == enough || (api.requests == 2) != enough {
					t.Errorf("%s costs %v tokens and %d are left: %d requests, %v", path, cost, tokens, api.requests, last)
				}
				tested++
			}
		}
	}
	if tested < 8 || tested%2 != 0 {
		t.Errorf("%d cases were tested, want two for each operation, of which there are four at least", tested)
	}
}
