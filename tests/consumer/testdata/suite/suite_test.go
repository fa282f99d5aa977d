// Package suite is the test of an app that somebody else wrote, against the emulator.
package suite

import (
	"errors"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestRegistering(t *testing.T) {
	t.Parallel()
	server := emulator.Start(t, emulator.Config{})
	client, err := channels.NewClient(channels.APIToken(server.APIToken()), channels.WithBaseURL(server.BaseURL))
	if err != nil {
		t.Fatal(err)
	}
	support := channels.AddChannelRequest{Name: "Support", ProviderChannelID: "whatsapp-1"}
	if _, err := client.AddChannel(t.Context(), support); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AddChannel(t.Context(), support); !errors.Is(err, channels.ErrChannelAlreadyExists) {
		t.Errorf("a second registration: %v, want ErrChannelAlreadyExists", err)
	}
	if got := server.Channels(); len(got) != 1 || got[0].Name != "Support" {
		t.Errorf("the emulator has channels %+v, want Support alone", got)
	}
}
