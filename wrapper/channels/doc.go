// Package channels is a client of Pipedrive's Channels API: the four calls by which a
// messaging app appears in Pipedrive's Messaging inbox. It is unofficial. Pipedrive announced
// the end of these endpoints for 2026-02-01; [Client.Probe] tells whether they still answer.
//
// Make a [Client] once, from a credential, and use it from many goroutines:
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
// Methods are named after the API's operations. So [Client.ReceiveMessage] sends: it delivers to
// Pipedrive a message that the app has received. [Client.Do] makes requests that no method covers.
//
// # Ids
//
// Every id in a request is one that the app chose: the provider's. [Channel.ID] is
// Pipedrive's own, and no request takes it.
//
// # Errors
//
// An error of a call is an [*Error]. Check [Error.Outcome] first: the request was [NotSent], it was
// [Rejected], or its outcome is [Unknown], so that it may have taken effect. errors.Is tells the kind
// of error, by sentinels such as [ErrChannelAlreadyExists]; errors.As gives the details.
//
// A 2xx that says success: true is a success even if other fields are malformed. A field that cannot be read is
// zero, and logged.
//
// # Retries
//
// A call makes up to four attempts of at most 15 seconds each, and takes at most a minute, not counting
// the waits for the rate limits. Between attempts it pauses for a random time: up to 250 milliseconds,
// then up to 500, then up to a second; with more attempts up to 8 seconds. A Retry-After of up to 10
// seconds is added. [WithRetries] and [WithTimeout] change that. What is repeated depends on the outcome:
//
//   - Not sent, as proven by a connection that was not made: any call.
//   - Unknown, as after a lost answer or a 5xx: ReceiveMessage and the deletes, which do no harm
//     twice. A delete that is then answered 404 by the API, with the code NOT_FOUND or none, is done.
//     AddChannel is repeated only with [RetryPolicy.RepeatAddChannel].
//   - 429: any call, after a wait that holds all calls of the limiter.
//   - 401: any call, once, if the token source gives another token.
//   - Any other refusal: never; the answer would be the same.
//
// That ReceiveMessage does no harm twice is our inference: Pipedrive's guide says that it updates a
// message that exists, and we take the message's id for the key.
//
// All calls of a client share 100 tokens for retries: a retry costs 5, each answer gives 1, and an
// answer to a retry gives its 5 back. So an outage is not met with many times the requests.
//
// # Limits
//
// Pipedrive limits the requests of an installation: in two seconds, and per day. A client keeps within
// the limits by itself, see [Limiter]: a call waits for its place as long as its context lasts. While
// the daily budget is used up ([ErrDailyLimit]) or a proxy blocks the client ([ErrBlocked]), calls fail
// without being sent, except for one at a time that finds out whether that is over: after five minutes (30
// seconds if the daily limit is only guessed), then twice as long each time, up to an hour. Clients of one
// installation in a program should share a limiter, see [WithLimiter].
//
// # Order
//
// Calls of one client for one message go out in the order they are made, so that a late "sent"
// never overwrites "read". [Client.Deliver] delivers many messages: side by side within the limits, and
// one after the other within a conversation.
//
// # Watching
//
// [Limiter.State] tells what a client waits for, [WithLogger] logs each call, and an [Observer] is
// told of every attempt.
//
// # Times
//
// Requests carry minutes of UTC, as the API documents them: a time is converted from its zone, and its
// seconds are cut. Two messages of one minute have no order of their own on the wire. Answers are read
// in every published spelling, without a zone as UTC; a time that cannot be read is the zero time.
//
// # Safety
//
// Credentials go to the host of the base URL and nowhere else: redirects are not
// followed. They appear in no error, log line or printed value of this package.
package channels
