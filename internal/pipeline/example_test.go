package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/credential"
	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// greeting is an answer that is complete once it has a text.
type greeting struct {
	Success bool
	Text    string
	Aside   string
}

func (g *greeting) Target() any                     { *g = greeting{}; return g }
func (g *greeting) Judge() (success, complete bool) { return g.Success, g.Text != "" }
func (g *greeting) Refusal(body []byte) (code, message, info string, err error) {
	var said struct{ Code, Error string }
	err = json.Unmarshal(body, &said)
	return said.Code, said.Error, "", err
}

// roundTrip plays a server.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}, nil
}

func newCaller(server roundTrip) *pipeline.Caller {
	token, err := credential.APIToken("of-the-tests")
	if err != nil {
		panic(err)
	}
	policy := retry.Default(15 * time.Second)
	policy.Rand = func() float64 { return 0 } // no pauses
	return &pipeline.Caller{
		Credential: token, Transport: server, Policy: policy, Limiter: ratelimit.New(ratelimit.Config{}),
		BaseURL: func(context.Context) (string, error) { return "https://api.example/", nil },
	}
}

func newCall(g *greeting) *pipeline.Call {
	return &pipeline.Call{Kind: retry.Upsert, Cost: 1, Answer: g, Build: func(baseURL string) (*http.Request, error) {
		return http.NewRequest(http.MethodPost, baseURL+"hello", bytes.NewReader([]byte("hello")))
	}}
}

// A server that fails once is asked again.
func Example() {
	asked := 0
	caller := newCaller(func(r *http.Request) (*http.Response, error) {
		if asked++; asked == 1 {
			return answer(r, http.StatusBadGateway, "<title>Bad gateway</title>")
		}
		return answer(r, http.StatusOK, `{"success":true,"text":"hello yourself"}`)
	})
	var g greeting
	call := newCall(&g)
	failure := caller.Do(context.Background(), call)
	fmt.Println(failure == nil, g.Text, call.Attempts)
	// Output: true hello yourself 2
}
