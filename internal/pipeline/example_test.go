package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// roundTrip plays a server.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}, nil
}

// op is an operation that may be repeated.
var op = pipeline.Operation{Name: "greet", Cost: 1, Rule: retry.Rule{Harmless: true}}

func newPipeline(server roundTrip) *pipeline.Pipeline {
	token, err := pipeline.APIToken("of-the-tests")
	if err != nil {
		panic(err)
	}
	policy := retry.Default(15 * time.Second)
	policy.Rand = func() float64 { return 0 } // no pauses
	return &pipeline.Pipeline{Credential: token, Transport: server, Policy: policy, Limiter: ratelimit.New(ratelimit.Config{})}
}

// greet makes a call as a generated client does.
func greet(ctx context.Context, call *pipeline.Call) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api.example/hello", strings.NewReader("hello"))
	if err != nil {
		panic(err)
	}
	resp, err := call.Do(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	return err
}

// A server that fails once is asked again.
func Example() {
	asked := 0
	p := newPipeline(func(r *http.Request) (*http.Response, error) {
		if asked++; asked == 1 {
			return answer(r, http.StatusBadGateway, "<title>Bad gateway</title>")
		}
		return answer(r, http.StatusOK, `{"success":true,"data":"hello yourself"}`)
	})
	call := &pipeline.Call{Pipeline: p, Operation: &op}
	err := greet(context.Background(), call)
	fmt.Println(err, string(call.Result.Data), call.Result.Attempts)
	// Output: <nil> "hello yourself" 2
}
