// The commands channel add and channel delete.

package main

import (
	"time"

	"github.com/spf13/cobra"

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

func channelAddCommand(env *environment) *cobra.Command {
	var s settings
	var r channels.AddChannelRequest
	c := &cobra.Command{
		SuggestFor: []string{"create", "register", "new"},
		Use:        "add --name NAME --id ID [flags]",
		Short:      "Register a channel: a WhatsApp number, a Facebook page, an account of another messenger",
		Long: `Only an admin of the Pipedrive company may. Pipedrive then asks the app's getConversations
endpoint for the history of the channel.`,
		Example: `pdchannels channel add --name "Support on WhatsApp" --id whatsapp-4915112345678 --provider-type whatsapp
pdchannels channel add --name Shop --id shop-1 --json`,
		Annotations: unsure("The channel may be registered all the same. Run the command again: CHANNEL_ALREADY_EXISTS then says that it is."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			names := fieldNames{"Name": "--name", "ProviderChannelID": "--id", "AvatarURL": "--avatar-url", "ProviderType": "--provider-type"}
			if err := r.Validate(); err != nil {
				return usageError{names.translate(err)}
			}
			client, _, err := s.client(cmd.Context(), env)
			if err != nil {
				return err
			}
			c, err := client.AddChannel(cmd.Context(), r)
			if err != nil {
				return err
			}
			env.say(map[string]any{"channel": channelObject{
				ID: c.ID, Name: c.Name, AvatarURL: c.AvatarURL, ProviderChannelID: c.ProviderChannelID,
				MarketplaceClientID: c.MarketplaceClientID, PDCompanyID: c.PDCompanyID, PDUserID: c.PDUserID,
				CreatedAt: c.CreatedAt, ProviderType: string(c.ProviderType), TemplateSupport: c.TemplateSupport,
			}}, "Channel %s is registered as %q. Pipedrive's own id of it is %s, which no other command accepts.",
				printable(r.ProviderChannelID), c.Name, printable(c.ID))
			return nil
		},
	}
	flags := c.Flags()
	s.declare(flags)
	flags.StringVar(&r.Name, "name", "", "the channel's `NAME`, shown in the inbox (required)")
	flags.StringVar(&r.ProviderChannelID, "id", "", "your own `ID` of the channel, by which all other calls name it (required)")
	flags.StringVar(&r.AvatarURL, "avatar-url", "", "the `URL` of its icon: a square png or jpg, 48 by 48 pixels advised")
	flags.StringVar((*string)(&r.ProviderType), "provider-type", "", "the `MESSENGER`, which decides the icon: whatsapp, facebook or other; Pipedrive's default is other")
	flags.BoolVar(&r.TemplateSupport, "templates", false, "offer templates in the inbox (WhatsApp only)")
	completes(c, "provider-type", string(channels.ProviderWhatsApp), string(channels.ProviderFacebook), string(channels.ProviderOther))
	return c
}

func channelDeleteCommand(env *environment) *cobra.Command {
	var s settings
	var r channels.DeleteChannelRequest
	c := &cobra.Command{
		SuggestFor:  []string{"remove", "rm"},
		Use:         "delete --id ID [flags]",
		Short:       "Delete a channel with its conversations and messages",
		Long:        `Pipedrive does not document its answer for an unknown channel.`,
		Example:     "pdchannels channel delete --id whatsapp-4915112345678",
		Annotations: unsure("The channel may be gone all the same. Run the command again: a second deletion does no harm."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.Validate(); err != nil {
				return usageError{fieldNames{"ProviderChannelID": "--id"}.translate(err)}
			}
			client, _, err := s.client(cmd.Context(), env)
			if err != nil {
				return err
			}
			if err := client.DeleteChannel(cmd.Context(), r); err != nil {
				return err
			}
			env.say(map[string]any{"deleted": map[string]string{"channel_id": r.ProviderChannelID}},
				"Channel %s is deleted, with its conversations and messages.", printable(r.ProviderChannelID))
			return nil
		},
	}
	s.declare(c.Flags())
	c.Flags().StringVar(&r.ProviderChannelID, "id", "", "your own `ID` of the channel (required)")
	return c
}
