// The command conversation delete.

package main

import (
	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func conversationDeleteCommand(env *environment) *cobra.Command {
	var s settings
	var r channels.DeleteConversationRequest
	c := &cobra.Command{
		SuggestFor:  []string{"remove", "rm"},
		Use:         "delete --channel ID --id ID [flags]",
		Short:       "Delete a conversation with its messages",
		Long:        `Only the user who installed the app may.`,
		Example:     "pdchannels conversation delete --channel whatsapp-4915112345678 --id conversation-17",
		Annotations: unsure("The conversation may be gone all the same. Run the command again: NOT_FOUND then says that it is."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			names := fieldNames{"ProviderChannelID": "--channel", "ConversationID": "--id"}
			if err := r.Validate(); err != nil {
				return usageError{names.translate(err)}
			}
			client, _, err := s.client(cmd.Context(), env)
			if err != nil {
				return err
			}
			if err := client.DeleteConversation(cmd.Context(), r); err != nil {
				return err
			}
			env.say(map[string]any{"deleted": map[string]string{"channel_id": r.ProviderChannelID, "conversation_id": r.ConversationID}},
				"Conversation %s of channel %s is deleted, with its messages.", printable(r.ConversationID), printable(r.ProviderChannelID))
			return nil
		},
	}
	s.declare(c.Flags())
	c.Flags().StringVar(&r.ProviderChannelID, "channel", "", "your own `ID` of the channel (required)")
	c.Flags().StringVar(&r.ConversationID, "id", "", "your own `ID` of the conversation (required)")
	return c
}
