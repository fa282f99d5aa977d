// The way back in the demo: calls of Pipedrive to the app, and a message that a user wrote.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// demoInbox is the example messenger. It records what was posted, for the app to confirm.
type demoInbox struct {
	*messenger.Messenger
	app *demoApp
}

// PostMessage receives a message that a user wrote in Pipedrive.
func (in demoInbox) PostMessage(ctx context.Context, req provider.PostMessageRequest) (string, error) {
	id, err := in.Messenger.PostMessage(ctx, req)
	if err == nil {
		in.app.note(func() { in.app.posted = append(in.app.posted, id) })
	}
	return id, err
}

// settle waits until Pipedrive has made all its calls to the app, and shows them.
func (d *demo) settle(ctx context.Context) error {
	err := d.pipedrive.Settle(ctx)
	d.showCalls()
	return err
}

func (d *demo) showCalls() {
	var calls []exchange
	d.app.note(func() { calls, d.app.calls = d.app.calls, nil })
	for _, e := range calls {
		d.exchange(e)
	}
}

var demoFile = emulator.File{Name: "offer.txt", Type: "text/plain", Content: []byte("Chain, fitted: 29 euros. Valid until Friday.\n")}

func (d *demo) reply(ctx context.Context) error {
	const text = "And here is the offer in writing."
	d.says("rosa", text, 1)
	sent, err := d.pipedrive.Reply(ctx, emulator.Reply{
		ProviderChannelID: d.channel, ConversationID: d.talk, Message: text, Files: []emulator.File{demoFile},
	})
	d.showCalls()
	if err != nil {
		return err
	}
	taken, err := d.taken(ctx)
	if err != nil {
		return err
	}
	if err := d.check(taken.ID == sent.ID && sent.Status == "" && taken.SenderID == "rosa" && taken.Message == text && len(taken.Attachments) == 1,
		"the app has it as message "+taken.ID+", from rosa", "the app does not have what Rosa wrote"); err != nil {
		return err
	}
	got, err := d.fetch(ctx, taken.Attachments[0].URL)
	if err != nil {
		return err
	}
	if err := d.check(bytes.Equal(got, demoFile.Content), "the file reached the customer as Rosa chose it: "+demoFile.Name,
		"the file that reached the customer is another one"); err != nil {
		return err
	}
	return d.confirm(ctx, taken)
}

// taken is the message that PostMessage received last.
func (d *demo) taken(ctx context.Context) (provider.Message, error) {
	var posted []string
	d.app.note(func() { posted, d.app.posted = d.app.posted, nil })
	if len(posted) != 1 {
		return provider.Message{}, fmt.Errorf("the app was given %d messages, and Rosa wrote one", len(posted))
	}
	return d.app.messenger.GetMessageByID(ctx, provider.GetMessageByIDRequest{ProviderChannelID: d.channel, MessageID: posted[0]})
}

// fetch downloads a file, as the customer does.
func (d *demo) fetch(ctx context.Context, link string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	resp, err := d.phone.Do(req)
	if err != nil {
		return nil, errors.New("the customer's phone got no answer")
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}

// confirm reports the status of the message to Pipedrive.
func (d *demo) confirm(ctx context.Context, taken provider.Message) error {
	m := channels.ReceiveMessageRequest{
		ID: taken.ID, ProviderChannelID: d.channel, ConversationID: d.talk, SenderID: taken.SenderID,
		Message: taken.Message, CreatedAt: taken.CreatedAt,
	}
	for _, a := range taken.Attachments {
		m.Attachments = append(m.Attachments, channels.Attachment{
			ID: a.ID, Type: a.Type, URL: a.URL, Name: a.Name, Size: a.Size, LinkExpires: a.LinkExpires,
		})
	}
	d.messages = append(d.messages, m)
	for _, status := range []channels.MessageStatus{channels.StatusSent, channels.StatusDelivered, channels.StatusRead} {
		if err := d.bring(ctx, status); err != nil {
			return err
		}
	}
	return nil
}
