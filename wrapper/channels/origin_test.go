package channels_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// located is a token source that knows where the API is, as that of wrapper/auth does.
type located func() (string, error)

func (located) Token() (*oauth2.Token, error)             { return &oauth2.Token{AccessToken: "t"}, nil }
func (l located) BaseURL(context.Context) (string, error) { return l() }

// locatedClient returns a client of the source, and the URLs that it called.
func locatedClient(t *testing.T, source located, opts ...channels.Option) (client *channels.Client, called *[]string) {
	t.Helper()
	called = new([]string)
	client, err := channels.NewClient(channels.OAuth(source), append(opts, channels.WithHTTPClient(&http.Client{
		Transport: pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
			*called = append(*called, r.URL.String())
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"success":true}`))}, nil
		}),
	}))...)
	if err != nil {
		t.Fatal(err)
	}
	return client, called
}

var deleteC = channels.DeleteChannelRequest{ProviderChannelID: "c"}

func TestTheSourceTellsTheBaseURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ told, want, problem string }{
		{"https://acme.pipedrive.com/api/v1", "https://acme.pipedrive.com/api/v1", ""},
		{"https://acme.pipedrive.com/api/v1/", "https://acme.pipedrive.com/api/v1", ""},
		{"http://127.0.0.1:8484/api/v1", "http://127.0.0.1:8484/api/v1", ""},
		{"https://evil.example/api/v1", "", "is not of the form"},
		{"https://acme.pipedrive.com.evil.example/api/v1", "", "is not of the form"},
		{"http://acme.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://acme.pipedrive.com/elsewhere", "", "is not of the form"},
		{"", "", "is not of the form"},
		{"https://ACME-2.Pipedrive.com/api/v1", "https://acme-2.pipedrive.com/api/v1", ""},
		{"acme.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://pipedrive.com/api/v1", "", "is not of the form"},
		{"https://.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://a.b.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://-.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://evilpipedrive.com/api/v1", "", "is not of the form"},
		{"https://acme.pipedrive.com:8443/api/v1", "", "is not of the form"},
		{"https://user@acme.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://acme.pipedrive.com/api/v1?x=hunter2", "", "is not of the form"},
		{"https://evil.example/.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://evil.example#.pipedrive.com/api/v1", "", "is not of the form"},
		{"https://%zz/api/v1", "", "cannot be parsed"},
	} {
		client, called := locatedClient(t, func() (string, error) { return tt.told, nil })
		err := client.DeleteChannel(t.Context(), deleteC)
		if tt.problem != "" {
			if e := mustError(t, err); e.Outcome != channels.NotSent || !strings.Contains(err.Error(), tt.problem) || len(*called) != 0 {
				t.Errorf("%q: got %v, called %q", tt.told, err, *called)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: the error shows the secret: %v", tt.told, err)
			}
			continue
		}
		if err != nil || len(*called) != 1 || (*called)[0] != tt.want+"/channels/c" || fmt.Sprint(client) != "channels.Client("+tt.want+")" {
			t.Errorf("%q: %v, called %q by %v", tt.told, err, *called, client)
		}
	}
}

// A source that has not answered is asked again; one that has is believed once and for all.
func TestTheBaseURLIsPinned(t *testing.T) {
	t.Parallel()
	answers := []string{"", "https://acme.pipedrive.com/api/v1", "https://other.pipedrive.com/api/v1"}
	source := located(func() (string, error) {
		answer := answers[0]
		answers = answers[1:]
		if answer == "" {
			return "", errors.New("the store is away")
		}
		return answer, nil
	})
	client, called := locatedClient(t, source)
	for i, want := range []bool{false, true, true} {
		if err := client.DeleteChannel(t.Context(), deleteC); (err == nil) != want {
			t.Errorf("call %d: %v", i, err)
		}
	}
	const want = "https://acme.pipedrive.com/api/v1/channels/c"
	if !slices.Equal(*called, []string{want, want}) {
		t.Errorf("called %q", *called)
	}
	client, called = locatedClient(t, source, channels.WithBaseURL("https://mine.pipedrive.com/api/v1")) // an option has the last word
	if err := client.DeleteChannel(t.Context(), deleteC); err != nil || !strings.HasPrefix((*called)[0], "https://mine.pipedrive.com/") {
		t.Errorf("%v, called %q", err, *called)
	}
}
