// What goes to Pipedrive: customers' messages, and how far the replies to them have come.

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// job is a message to deliver, or a status of one.
type job struct {
	customer, id string
	status       provider.MessageStatus
	reply        bool // written in Pipedrive
}

// write takes a message of a customer, and delivers it.
func (a *App) write(customer string, message provider.Message) error {
	message.SenderID, message.Status, message.CreatedAt = customer, provider.StatusSent, time.Now()
	message, err := a.messenger.Add(customer, message)
	if err != nil {
		return err
	}
	a.change(func() {})
	a.enqueue(job{customer: customer, id: message.ID, status: provider.StatusSent})
	return nil
}

// enqueue leaves a job to deliver. A queue that is full is an example at its end: the message stays unsent, and is shown so.
func (a *App) enqueue(j job) {
	select {
	case a.jobs <- j:
	default:
		a.change(func() { a.failures[j.id] = "too many messages wait" })
	}
}

// deliver does the jobs, one after another, until ctx ends.
func (a *App) deliver(ctx context.Context) {
	for {
		select {
		case j := <-a.jobs:
			a.do(ctx, j)
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) do(ctx context.Context, j job) {
	a.mu.Lock()
	client, settings := a.client, a.settings
	a.mu.Unlock()
	if client == nil || j.reply && !settings.Confirm {
		return // deliverAgain sends it, once the app is installed
	}
	m, err := a.messenger.GetMessageByID(ctx, provider.GetMessageByIDRequest{ProviderChannelID: messenger.Channel, MessageID: j.id})
	if err != nil {
		return
	}
	_, err = client.ReceiveMessage(ctx, request(j, m))
	a.note(exchange{Out: true, Operation: "receiveMessage", Status: statusOf(err), Note: fmt.Sprintf("%s is %s", j.id, j.status)})
	switch {
	case err != nil:
		a.config.Log.WarnContext(ctx, "messenger: a message was not delivered", slog.String("id", j.id), slog.Any("error", err))
		if !j.reply {
			a.change(func() { a.failures[j.id] = reasonOf(err) })
		}
	case !j.reply:
		a.messenger.SetStatus(j.id, provider.StatusDelivered)
		a.change(func() { delete(a.failures, j.id) })
	case j.status == provider.StatusSent:
		a.enqueue(job{j.customer, j.id, provider.StatusDelivered, true}) // ahead of the customer, who may see it at once
		a.messenger.SetStatus(j.id, provider.StatusDelivered)
		a.change(func() {})
	}
}

func request(j job, m provider.Message) channels.ReceiveMessageRequest {
	r := channels.ReceiveMessageRequest{
		ID: m.ID, ProviderChannelID: messenger.Channel, ConversationID: j.customer, SenderID: m.SenderID,
		Message: m.Message, Status: channels.MessageStatus(j.status), CreatedAt: m.CreatedAt,
	}
	for _, f := range m.Attachments {
		r.Attachments = append(r.Attachments, channels.Attachment{ID: f.ID, Type: f.Type, URL: f.URL, Name: f.Name, Size: f.Size, LinkExpires: f.LinkExpires})
	}
	return r
}

// again delivers a message that failed.
func (a *App) again(customer, id string) {
	a.change(func() { delete(a.failures, id) })
	a.enqueue(job{customer: customer, id: id, status: provider.StatusSent})
}

// deliverAgain delivers what waited for the installation.
func (a *App) deliverAgain() {
	for _, c := range a.conversations() {
		for _, m := range c.Messages {
			if m.SenderID == c.ID && m.Status == provider.StatusSent {
				a.again(c.ID, m.ID)
			}
		}
	}
}

// seen marks the replies to a customer as read, and tells Pipedrive.
func (a *App) seen(customer string) {
	a.mu.Lock()
	receipts := a.settings.Receipts
	a.mu.Unlock()
	if !receipts {
		return
	}
	for _, m := range a.conversation(customer).Messages {
		if m.SenderID != customer && m.Status == provider.StatusDelivered && a.messenger.SetStatus(m.ID, provider.StatusRead) {
			a.change(func() {})
			a.enqueue(job{customer, m.ID, provider.StatusRead, true})
		}
	}
}

// replied begins what follows a reply from Pipedrive: the customer's messages have been read, and the reply is confirmed.
func (a *App) replied(customer, id string) {
	for _, m := range a.conversation(customer).Messages {
		if m.SenderID == customer && m.Status == provider.StatusDelivered {
			a.messenger.SetStatus(m.ID, provider.StatusRead)
		}
	}
	a.change(func() {})
	a.enqueue(job{customer, id, provider.StatusSent, true})
}

// conversations are the last messages of all customers.
func (a *App) conversations() []provider.Conversation {
	page, _ := a.messenger.GetConversations(context.Background(), provider.GetConversationsRequest{ // fails by a cursor only
		ProviderChannelID: messenger.Channel, ConversationsLimit: 1000, MessagesLimit: 100,
	})
	return page.Conversations
}

// conversation is that of a customer, with the last 100 messages; the zero one if there is none yet.
func (a *App) conversation(customer string) provider.Conversation {
	c, _ := a.messenger.GetConversationByID(context.Background(), provider.GetConversationByIDRequest{
		ProviderChannelID: messenger.Channel, ConversationID: customer, MessagesLimit: 100,
	})
	return c
}

func statusOf(err error) string {
	var e *channels.Error
	switch {
	case err == nil:
		return "200"
	case !errors.As(err, &e) || e.StatusCode == 0:
		return "no answer"
	case e.Code != "":
		return strconv.Itoa(e.StatusCode) + " " + e.Code
	}
	return strconv.Itoa(e.StatusCode)
}

// reasonOf says why a message was not delivered, for a customer.
func reasonOf(err error) string {
	var e *channels.Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return "Pipedrive cannot be reached"
}
