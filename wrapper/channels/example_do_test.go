package channels_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// A message goes out with a member that no method knows, by the generated client. Its doer is
// the client, which adds the credential, keeps within the limits and repeats what may be repeated.
func ExampleClient_Do() {
	pipedrive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("X-Api-Token"))
		_, _ = fmt.Fprint(w, `{"success":true,"data":{}}`)
	}))
	defer pipedrive.Close()
	ctx := context.Background()
	client, err := channels.NewClient(channels.APIToken("of-a-user"), channels.WithBaseURL(pipedrive.URL+"/v1"))
	if err != nil {
		log.Fatal(err)
	}

	baseURL, err := client.BaseURL(ctx)
	if err != nil {
		log.Fatal(err)
	}
	api, err := channelsclient.NewClient(baseURL, channelsclient.WithHTTPClient(client))
	if err != nil {
		log.Fatal(err)
	}
	resp, err := api.ReceiveMessageWithBody(ctx, "application/json", strings.NewReader(`{"id":"message-1","sender_name":"Ada"}`))
	if err != nil {
		log.Fatal(err) // a *channels.Error
	}
	defer func() { _ = resp.Body.Close() }()
	fmt.Println(resp.StatusCode)
	// Output:
	// POST /v1/channels/messages/receive of-a-user
	// 200
}
