package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// The inbox of example_inbox_test.go, in less than sixty lines, is served and called.
func Example() {
	shop := &inbox{conversations: []provider.Conversation{{
		ID:     "conversation-17",
		Status: provider.ConversationOpen,
		Participants: []provider.Participant{
			{ID: "shop", Name: "The Shop", Role: provider.RoleSourceUser},
			{ID: "person-7", Name: "Ada Customer", Role: provider.RoleEndUser},
		},
		Messages: []provider.Message{{
			ID: "message-1", Status: provider.StatusSent, SenderID: "person-7", Message: "Is the blue one in stock?",
			CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
		}},
	}}}
	h, err := provider.NewHandler(shop, provider.BasicAuth("client-id", "client-secret"))
	if err != nil {
		log.Fatal(err)
	}
	app := httptest.NewServer(h)
	defer app.Close()

	// Pipedrive sends what a user typed.
	form := "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nYes, in both sizes.\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"senderId\"\r\n\r\nshop\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"conversationId\"\r\n\r\nconversation-17\r\n--b--\r\n"
	req, err := http.NewRequest(http.MethodPost, app.URL+"/channels/whatsapp-1/messages", strings.NewReader(form))
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	req.SetBasicAuth("client-id", "client-secret")
	res, err := app.Client().Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	for _, m := range shop.conversations[0].Messages {
		fmt.Printf("%s: %s\n", m.SenderID, m.Message)
	}
	// Output:
	// 200 OK
	// person-7: Is the blue one in stock?
	// shop: Yes, in both sizes.
}

// The manifest names the endpoints that the inbox has methods for.
func ExampleHandler_Manifest() {
	h, err := provider.NewHandler(&inbox{}, provider.BasicAuth("client-id", "client-secret"))
	if err != nil {
		log.Fatal(err)
	}
	manifest, err := h.Manifest("https://messenger.example/pipedrive")
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output:
	// {
	//   "version": "v202101",
	//   "endpoints": {
	//     "getConversations": "https://messenger.example/pipedrive/channels/:providerChannelId/conversations",
	//     "getConversationById": "https://messenger.example/pipedrive/channels/:providerChannelId/conversations/:sourceConversationId",
	//     "postMessage": "https://messenger.example/pipedrive/channels/:providerChannelId/messages"
	//   }
	// }
}

// A manifest that was written by hand is checked as a whole.
func ExampleParseManifest() {
	_, err := provider.ParseManifest([]byte(`{"version": "v202101", "endpoints": {
		"getConversations": "https://messenger.example/conversations",
		"getConversationById": "https://messenger.example/{providerChannelId}/{sourceConversationId}"
	}}`))
	fmt.Println(err)
	// Output:
	// provider: manifest: getConversations: "https://messenger.example/conversations": the variable :providerChannelId is missing
	// provider: manifest: postMessage: it is missing, and every app needs it
}

// An error tells Pipedrive what it may know, and the text around it stays in the app.
func ExampleError() {
	err := fmt.Errorf("table channels, row 17: %w", provider.ErrAccountSuspended)
	if told, ok := errors.AsType[*provider.Error](err); ok {
		fmt.Println(told)
	}
	// Output: ACCOUNT_SUSPENDED: the account is suspended
}
