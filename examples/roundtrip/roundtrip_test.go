package roundtrip_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// TestRoundTrip: a user installs the app, the app adds a channel and delivers a message, a user
// answers it in Pipedrive, and the answer is at the messenger.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	pipedrive := emulator.Start(t, emulator.Config{
		ClientID: "shop-app", ClientSecret: emulator.NewSecret("s3cret"), Provider: emulator.Provider{BaseURL: app.URL},
	})
	shop := messenger.NewWithHistory(app.URL)
	endpoints, err := provider.NewHandler(shop, provider.BasicAuth("shop-app", "s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/channels/", endpoints)

	var client *channels.Client
	oauth, err := auth.NewApp(auth.AppConfig{
		ClientID: "shop-app", ClientSecret: auth.NewSecret("s3cret"), OAuthURL: pipedrive.URL,
		RedirectURL: app.URL + "/oauth/callback", Store: new(auth.MemoryStore),
		Installed: func(ctx context.Context, src *auth.TokenSource) (err error) {
			if client, err = channels.NewClient(channels.OAuth(src)); err != nil {
				return err
			}
			_, err = client.AddChannel(ctx, channels.AddChannelRequest{Name: "Shop", ProviderChannelID: messenger.Channel})
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/oauth/callback", oauth.Handler())

	pipedrive.Allow(t, app.URL+"/oauth/callback") // which leads to the page of Pipedrive
	pipedrive.WaitForMessage(t, emulator.MessageQuery{ConversationID: "nils", Text: "nils.35"})
	confirm := func(id, text string, status channels.MessageStatus) {
		t.Helper()
		if _, err := client.ReceiveMessage(t.Context(), channels.ReceiveMessageRequest{
			ID: id, ProviderChannelID: messenger.Channel, ConversationID: "nils", SenderID: "rosa", Message: text, Status: status, CreatedAt: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	reply, err := pipedrive.Reply(t.Context(), emulator.Reply{ProviderChannelID: messenger.Channel, ConversationID: "nils", Message: "Blue: 12"})
	if err != nil {
		t.Fatal(err)
	}
	confirm(reply.ID, "Blue: 12", channels.StatusDelivered)
	pipedrive.WaitForMessage(t, emulator.MessageQuery{Text: reply.ID, Status: "delivered"})
}
