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
// first stands in [Error.Outcome]: whether the request was [NotSent], was [Rejected],
// or whether its outcome is [Unknown], so that it may have taken effect.
//
// # Retries
//
// A call makes up to four attempts, each of 15 seconds at most, and takes a minute at most
// beside the waiting for the rate limits. Between them it pauses for a random time of up to 250
// milliseconds, then up to 500, then up to a second; with more attempts up to 8 seconds. A Retry-After
// of up to 10 seconds is added. [WithRetries] and [WithTimeout] change that. What is
// repeated depends on what came of an attempt:
//
//   - Nothing was sent, as is proven by a connection that was not made: any call.
//   - Unknown, as after a lost answer or a 5xx: ReceiveMessage and the deletes, since they do no
//     harm twice. A delete that is then answered NOT_FOUND is done. AddChannel is repeated only with
//     [RetryPolicy.RepeatAddChannel].
//   - 429: any call, after a wait that holds all calls of the limiter.
//   - 401: any call, once, if the token source gives another token.
//   - Any other refusal: never; the answer would be the same.
//
// That ReceiveMessage does no harm twice rests on an inference of ours: Pipedrive's guide says
// that it updates a message that exists, and we take the message's id for what it goes by.
//
// A retry costs 5 of 100 tokens that all calls of a client share, an answer gives 1 and one to a
// retry also its 5 back: so an outage is not met with many times the requests.
//
// # Limits
//
// Pipedrive limits the requests of an installation: in two seconds, and per day. A client keeps to
// that by itself, as its [Limiter] describes: a call waits for its place as long as its
// context lasts. While the daily budget is used up ([ErrDailyLimit]) or a proxy blocks the client
// ([ErrBlocked]), calls fail without being sent, but for one that finds out whether that is over: after five
// minutes, and twice as long each time up to an hour. Clients of one installation should share
// a limiter, see [WithLimiter]; programs that cannot take a part each, see [LimiterConfig].
//
// # Order
//
// Calls of one client for one message go out in the order they are made, so that a late "sent"
// never overwrites "read". Messages of a conversation have that order only in
// [Client.Deliver], which delivers many: side by side within the limits, and one after the other
// within a conversation.
//
// # Watching
//
// [Limiter.State] tells what a client waits for, [WithLogger] logs each call that failed or is
// repeated, and an [Observer] is told of every attempt.
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
