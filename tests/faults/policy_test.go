// What has to come of a failure: the table of the client's policy, as data.

package faults

import (
	"context"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// failure is a row of the table.
type failure int

const (
	unsent         failure = iota // it is proven that nothing left
	lost                          // sent, not applied, and no usable answer; 408, 5xx
	lostApplied                   // the same, but it was applied
	emptyApplied                  // applied, and answered without a body: of a delete that is a success
	lostForGood                   // sent, and asking again is of no use: a wait that is not made, a 303 to the result
	limited                       // 429 of the burst limit
	limitedForLong                // 429 that asks for a wait that is not made
	dailyLimit                    // 429 that tells that the daily budget is gone
	staleToken                    // 401, and there is another token
	refusedToken                  // 401, and there is none
	blocked                       // a proxy's page with 403 soon after a 429
	answered                      // a refusal of what was asked; a page alone; a redirect; the end of the service
	failures
)

// ending is how a call ends.
type ending int

const (
	_            ending = iota
	done                // no error
	inferred            // no error, and that an earlier attempt was accepted is inferred
	notSent             // an error with that outcome, as the next two
	unknown             //
	answeredThat        //
)

// want is what has to come of one call.
type want struct {
	end      ending
	attempts int
}

// each is a want for every operation.
type each struct{ receive, add, addAgain, remove want }

func all(end ending, attempts int) each {
	w := want{end, attempts}
	return each{w, w, w, w}
}

// policy says what has to come of a failure that happens once, and of one that goes on.
var policy = [failures]struct{ once, forGood each }{
	unsent: {all(done, 2), all(notSent, 4)},
	lost: {
		each{receive: want{done, 2}, add: want{unknown, 1}, addAgain: want{done, 2}, remove: want{done, 2}},
		each{receive: want{unknown, 4}, add: want{unknown, 1}, addAgain: want{unknown, 4}, remove: want{unknown, 4}},
	},
	lostApplied: {
		each{receive: want{done, 2}, add: want{unknown, 1}, addAgain: want{inferred, 2}, remove: want{inferred, 2}},
		each{receive: want{unknown, 4}, add: want{unknown, 1}, addAgain: want{unknown, 4}, remove: want{unknown, 4}},
	},
	emptyApplied: {
		each{receive: want{done, 2}, add: want{unknown, 1}, addAgain: want{inferred, 2}, remove: want{done, 1}},
		each{receive: want{unknown, 4}, add: want{unknown, 1}, addAgain: want{unknown, 4}, remove: want{done, 1}},
	},
	lostForGood:    {all(unknown, 1), all(unknown, 1)},
	limited:        {all(done, 2), all(answeredThat, 4)},
	limitedForLong: {all(answeredThat, 1), all(answeredThat, 1)},
	dailyLimit:     {all(answeredThat, 1), all(answeredThat, 1)},
	staleToken:     {all(done, 2), all(answeredThat, 2)},
	refusedToken:   {all(answeredThat, 1), all(answeredThat, 1)},
	blocked:        {all(answeredThat, 2), all(answeredThat, 2)},
	answered:       {all(answeredThat, 1), all(answeredThat, 1)},
}

// operation is a call as the tests make it.
type operation struct {
	name  string // the API's
	again bool   // RetryPolicy.RepeatAddChannel is set
	want  func(each) want
	call  func(ctx context.Context, c *channels.Client, id string) (isInferred bool, err error)
}

var operations = []operation{
	{"receiveMessage", false, func(e each) want { return e.receive }, receive},
	{"addChannel", false, func(e each) want { return e.add }, add},
	{"addChannel", true, func(e each) want { return e.addAgain }, add},
	{"deleteChannel", false, func(e each) want { return e.remove }, func(ctx context.Context, c *channels.Client, id string) (bool, error) {
		return false, c.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: id})
	}},
	{"deleteConversation", false, func(e each) want { return e.remove }, func(ctx context.Context, c *channels.Client, id string) (bool, error) {
		return false, c.DeleteConversation(ctx, channels.DeleteConversationRequest{ProviderChannelID: "channel", ConversationID: id})
	}},
}

func receive(ctx context.Context, c *channels.Client, id string) (bool, error) {
	_, err := c.ReceiveMessage(ctx, message(id, "conversation"))
	return false, err
}

func add(ctx context.Context, c *channels.Client, id string) (bool, error) {
	channel, err := c.AddChannel(ctx, channels.AddChannelRequest{Name: "Support", ProviderChannelID: id})
	return channel.Inferred, err
}

// message returns a message that is right.
func message(id, conversation string) channels.ReceiveMessageRequest {
	return channels.ReceiveMessageRequest{
		ID: id, ProviderChannelID: "channel", ConversationID: conversation, SenderID: "person", Message: "Is the blue one in stock?",
		Status: channels.StatusSent, CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
	}
}
