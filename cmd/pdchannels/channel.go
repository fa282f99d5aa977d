// The commands channel add and channel delete.
package main

import (
	"context"
	"flag"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// channelObject is a channel as --json tells it, by the API's own names.
type channelObject struct {
	ID                  string    `json:"id"`
	Name                string    `json:"name"`
	AvatarURL           string    `json:"avatar_url,omitempty"`
	ProviderChannelID   string    `json:"provider_channel_id"`
	MarketplaceClientID string    `json:"marketplace_client_id"`
	PDCompanyID         int64     `json:"pd_company_id"`
	PDUserID            int64     `json:"pd_user_id"`
	CreatedAt           time.Time `json:"created_at,omitzero"`
	ProviderType        string    `json:"provider_type"`
	TemplateSupport     bool      `json:"template_support"`
}

func channelAddCommand() *command {
	return &command{
		name:     "add",
		synopsis: "-name NAME -id ID [flags]",
		summary:  "register a channel: a WhatsApp number, a Facebook page, an account of another messenger",
		about: `Only an admin of the Pipedrive company may. Pipedrive then asks the app's getConversations
endpoint for the history of the channel.`,
		examples: `pdchannels channel add -name "Support on WhatsApp" -id whatsapp-4915112345678 -provider-type whatsapp
pdchannels channel add -name Shop -id shop-1 --json`,
		unsure: "The channel may be registered all the same. Run the command again: CHANNEL_ALREADY_EXISTS then says that it is.",
		setup: func(flags *flag.FlagSet, env *environment) action {
			var s settings
			var r channels.AddChannelRequest
			s.declare(flags, env)
			flags.StringVar(&r.Name, "name", "", "the channel's `NAME`, shown in the inbox (required)")
			flags.StringVar(&r.ProviderChannelID, "id", "", "your own `ID` of the channel, by which all other calls name it (required)")
			flags.StringVar(&r.AvatarURL, "avatar-url", "", "the `URL` of its icon: a square png or jpg, 48 by 48 pixels advised")
			flags.StringVar((*string)(&r.ProviderType), "provider-type", "", "the `MESSENGER`, which decides the icon: whatsapp, facebook or other; if left out, Pipedrive takes other")
			flags.BoolVar(&r.TemplateSupport, "templates", false, "offer templates in the inbox (WhatsApp only)")
			return func(ctx context.Context) error {
				names := fieldNames{"Name": "-name", "ProviderChannelID": "-id", "AvatarURL": "-avatar-url", "ProviderType": "-provider-type"}
				if err := r.Validate(); err != nil {
					return usageError{names.translate(err)}
				}
				client, _, err := s.client(ctx, env)
				if err != nil {
					return err
				}
				c, err := client.AddChannel(ctx, r)
				if err != nil {
					return err
				}
				env.say(map[string]any{"channel": channelObject{
					ID: c.ID, Name: c.Name, AvatarURL: c.AvatarURL, ProviderChannelID: c.ProviderChannelID,
					MarketplaceClientID: c.MarketplaceClientID, PDCompanyID: c.PDCompanyID, PDUserID: c.PDUserID,
					CreatedAt: c.CreatedAt, ProviderType: string(c.ProviderType), TemplateSupport: c.TemplateSupport,
				}}, "Channel %s is registered as %q. Pipedrive's own id of it, %s, is accepted by no other command.",
					printable(r.ProviderChannelID), c.Name, printable(c.ID))
				return nil
			}
		},
	}
}

func channelDeleteCommand() *command {
	return &command{
		name:     "delete",
		synopsis: "-id ID [flags]",
		summary:  "delete a channel with its conversations and messages",
		about:    "What Pipedrive answers if there is no such channel is not documented.",
		examples: "pdchannels channel delete -id whatsapp-4915112345678",
		unsure:   "The channel may be gone all the same. Run the command again: a second deletion does no harm.",
		setup: func(flags *flag.FlagSet, env *environment) action {
			var s settings
			var r channels.DeleteChannelRequest
			s.declare(flags, env)
			flags.StringVar(&r.ProviderChannelID, "id", "", "your own `ID` of the channel (required)")
			return func(ctx context.Context) error {
				if err := r.Validate(); err != nil {
					return usageError{fieldNames{"ProviderChannelID": "-id"}.translate(err)}
				}
				client, _, err := s.client(ctx, env)
				if err != nil {
					return err
				}
				if err := client.DeleteChannel(ctx, r); err != nil {
					return err
				}
				env.say(map[string]any{"deleted": map[string]string{"channel_id": r.ProviderChannelID}},
					"Channel %s is deleted, with its conversations and messages.", printable(r.ProviderChannelID))
				return nil
			}
		},
	}
}
