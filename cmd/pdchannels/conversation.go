// The command conversation delete.
package main

import (
	"context"
	"flag"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func conversationDeleteCommand() *command {
	return &command{
		name:     "delete",
		synopsis: "-channel ID -id ID [flags]",
		summary:  "delete a conversation with its messages",
		about:    "Only the user who installed the app may.",
		examples: "pdchannels conversation delete -channel whatsapp-4915112345678 -id conversation-17",
		unsure:   "The conversation may be gone all the same. Run the command again: NOT_FOUND then says that it is.",
		setup: func(flags *flag.FlagSet, env *environment) action {
			var s settings
			var r channels.DeleteConversationRequest
			s.declare(flags, env)
			flags.StringVar(&r.ProviderChannelID, "channel", "", "your own `ID` of the channel (required)")
			flags.StringVar(&r.ConversationID, "id", "", "your own `ID` of the conversation (required)")
			return func(ctx context.Context) error {
				names := fieldNames{"ProviderChannelID": "-channel", "ConversationID": "-id"}
				if err := r.Validate(); err != nil {
					return usageError{names.translate(err)}
				}
				client, _, err := s.client(ctx, env)
				if err != nil {
					return err
				}
				if err := client.DeleteConversation(ctx, r); err != nil {
					return err
				}
				env.say(map[string]any{"deleted": map[string]string{"channel_id": r.ProviderChannelID, "conversation_id": r.ConversationID}},
					"Conversation %s of channel %s is deleted, with its messages.", printable(r.ConversationID), printable(r.ProviderChannelID))
				return nil
			}
		},
	}
}
