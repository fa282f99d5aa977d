// Package channels is a client of Pipedrive's Channels API: the four calls by which a
// messaging app lives in Pipedrive's Messaging inbox. It is unofficial. Pipedrive announced
// the end of these endpoints for 2026-02-01; [Client.Probe] tells whether they still answer.
//
// A [Client] is made once, from a credential, and used by many goroutines:
//
//	client, err := channels.NewClient(channels.OAuth(tokenSource))
//	…
//	_, err = client.ReceiveMessage(ctx, channels.ReceiveMessageRequest{
//		ID:                "message-1",
//		ProviderChannelID: "whatsapp-4915112345678",
//		ConversationID:    "conversation-17",
//		SenderID:          "person-7",
//		Message:           "Is the blue one in stock?",
//		Status:            channels.StatusSent,
//		CreatedAt:         time.Now(),
//	})
//
// The methods bear the names of the API's own operations. So [Client.ReceiveMessage]
// sends: it delivers to Pipedrive a message that the app has received.
//
// # Ids
//
// Every id in a request is one that the app chose: the provider's. [Channel.ID] is
// Pipedrive's own, and no request takes it.
//
// # Errors
//
// An error of a call is an [*Error]. errors.Is tells its kind, by the sentinels such as
// [ErrChannelAlreadyExists]; errors.As gives the details. What a caller wants to know
// first stands in [Error.Outcome]: whether the request was [NotSent], was [Answered],
// or whether its outcome is [Unknown], so that it may have taken effect.
//
// Each call is one attempt: nothing is repeated, and nobody is slowed down.
//
// # Times
//
// Requests carry minutes of UTC, as the API documents them: a time is converted from
// whatever zone it is in, and its seconds are cut. Two messages of one minute have no
// order of their own on the wire. Answers are read in every published spelling; a time
// that nobody can read is the zero time and a line in the log, not a failed call.
//
// # Safety
//
// Credentials go to the host of the base URL and nowhere else: redirects are not
// followed. They appear in no error, log line or printed value of this package.
package channels
