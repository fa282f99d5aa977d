// The steps of the demo, and how each proves that it worked.

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

const (
	demoChannel = "Rosa's Bicycles on WhatsApp"
	demoHistory = 32 // conversations of the sample messenger
)

func (d *demo) install(ctx context.Context) error {
	owner := d.pipedrive.Users()[0].ID
	err := allow(ctx, d.browser, d.app.callback, owner)
	d.app.note(func() {
		d.tokens = d.app.source
		if d.app.trouble != nil { // it says why the browser ended where it did
			err = d.app.trouble
		}
	})
	if err != nil {
		return err
	}
	have := d.pipedrive.Installations()
	if err := d.check(d.tokens != nil && len(have) == 1 && have[0].User.ID == owner && have[0].RedirectURL == d.app.callback &&
		d.tokens.Installation() == auth.Installation{CompanyID: have[0].CompanyID, UserID: owner},
		"the app is installed, and knows for which company and user", "the app and Pipedrive do not agree on who installed it"); err != nil {
		return err
	}
	if d.client, err = d.newClient(ctx, d.tokens); err != nil {
		return err
	}
	token, err := d.tokens.TokenContext(ctx)
	if err != nil {
		return err
	}
	return d.check(time.Until(token.Expiry) > 55*time.Minute, "the app holds a token for an hour, and one to renew it with", "the token does not last")
}

// newClient makes a client for the base URL of the installation.
func (d *demo) newClient(ctx context.Context, tokens oauth2.TokenSource) (*channels.Client, error) {
	baseURL, err := d.tokens.BaseURL(ctx)
	if err != nil {
		return nil, err
	}
	if baseURL != d.url+"/api/v1" {
		return nil, fmt.Errorf("the token belongs to the API at %q, not to that at %s", baseURL, d.url)
	}
	return channels.NewClient(channels.OAuth(tokens), channels.WithBaseURL(baseURL), channels.WithHTTPClient(d.http), silent)
}

func (d *demo) addChannel(ctx context.Context) error {
	_, err := d.client.AddChannel(ctx, d.theChannel())
	if err != nil {
		return err
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	have := d.pipedrive.Channels()
	if err := d.check(len(have) == 1 && have[0].ProviderChannelID == d.channel && have[0].Name == demoChannel,
		"the channel is in Pipedrive: "+demoChannel, "Pipedrive does not have the channel"); err != nil {
		return err
	}
	imported, templates := d.pipedrive.Conversations(d.channel), d.pipedrive.Templates(d.channel)
	d.history = len(d.pipedrive.Messages(d.channel, d.talk))
	return d.check(len(imported) == demoHistory && len(templates) == 1 && d.history == 30,
		fmt.Sprintf("and so are its %d conversations, with the latest 30 messages of each, and a template", demoHistory),
		fmt.Sprintf("%d conversations, %d messages of the first and %d templates were imported", len(imported), d.history, len(templates)))
}

func (d *demo) theChannel() channels.AddChannelRequest {
	return channels.AddChannelRequest{Name: demoChannel, ProviderChannelID: d.channel, ProviderType: channels.ProviderWhatsApp, TemplateSupport: true}
}

func (d *demo) deliver(ctx context.Context) error {
	for _, m := range d.messages {
		d.says(m.SenderID, m.Message, len(m.Attachments))
		if _, err := d.client.ReceiveMessage(ctx, m); err != nil {
			return err
		}
	}
	return d.check(d.inboxIs(d.messages),
		fmt.Sprintf("all %d messages are in the inbox, in order, with the picture", len(d.messages)),
		"the inbox does not hold what was delivered")
}

func (d *demo) update(ctx context.Context) error {
	if last := d.messages[len(d.messages)-1]; last.Status != channels.StatusSent {
		return fmt.Errorf("the last message of the conversation is %s already", last.Status)
	}
	if err := d.bring(ctx, channels.StatusDelivered); err != nil {
		return err
	}
	return d.bring(ctx, channels.StatusRead)
}

// bring gives the last message a status.
func (d *demo) bring(ctx context.Context, status channels.MessageStatus) error {
	last := &d.messages[len(d.messages)-1]
	last.Status = status
	if _, err := d.client.ReceiveMessage(ctx, *last); err != nil {
		return err
	}
	return d.check(d.inboxIs(d.messages), fmt.Sprintf("message %s is %s, and there is still one of it", last.ID, status),
		fmt.Sprintf("message %s is not %s, or not the only one", last.ID, status))
}

// inboxIs compares the emulator's messages with those it should have.
func (d *demo) inboxIs(want []channels.ReceiveMessageRequest) bool {
	have := d.pipedrive.Messages(d.channel, d.talk)
	return len(have) >= d.history && slices.EqualFunc(have[d.history:], want, func(have emulator.Message, want channels.ReceiveMessageRequest) bool {
		return have.ID == want.ID && have.SenderID == want.SenderID && have.Message == want.Message &&
			have.Status == string(want.Status) && have.CreatedAt.Equal(want.CreatedAt.Truncate(time.Minute)) && // as it is spelled on the wire
			slices.EqualFunc(have.Attachments, want.Attachments, func(have emulator.Attachment, want channels.Attachment) bool {
				return have.ID == want.ID && have.URL == want.URL && have.Type == want.Type
			})
	})
}

func (d *demo) handleErrors(ctx context.Context) error {
	_, err := d.client.AddChannel(ctx, d.theChannel())
	if err := d.check(errors.Is(err, channels.ErrChannelAlreadyExists) && len(d.pipedrive.Channels()) == 1,
		"channels.ErrChannelAlreadyExists: good, it is there, and the app goes on",
		fmt.Sprintf("a second registration was not told apart: %v", err)); err != nil {
		return err
	}

	colleague := d.pipedrive.Users()[1]
	client, err := d.newClient(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: colleague.AccessToken.Reveal()}))
	if err != nil {
		return err
	}
	_, err = client.AddChannel(ctx, channels.AddChannelRequest{Name: "Repairs", ProviderChannelID: "repairs"})
	return d.check(errors.Is(err, channels.ErrAdminOnly) && len(d.pipedrive.Channels()) == 1,
		"channels.ErrAdminOnly: a colleague without the right tried, and is told to ask an admin",
		fmt.Sprintf("a user who is no admin was not told apart: %v", err))
}

func (d *demo) tidyUp(ctx context.Context) error {
	if err := d.client.DeleteConversation(ctx, channels.DeleteConversationRequest{ProviderChannelID: d.channel, ConversationID: d.talk}); err != nil {
		return err
	}
	if err := d.check(len(d.pipedrive.Messages(d.channel, d.talk)) == 0 && len(d.pipedrive.Conversations(d.channel)) == demoHistory-1,
		"the conversation is gone, the others are still there", "the conversation is still there, or the others are not"); err != nil {
		return err
	}
	if err := d.client.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: d.channel}); err != nil {
		return err
	}
	return d.check(len(d.pipedrive.Channels()) == 0, "the channel is gone, and Pipedrive as it was before", "the channel is still there")
}

func (d *demo) renew(ctx context.Context) error {
	old, err := d.tokens.TokenContext(ctx)
	if err != nil {
		return err
	}
	token, err := d.tokens.Renew(ctx, old.AccessToken) // what happens by itself when the hour is over
	if err != nil {
		return err
	}
	_, err = d.client.AddChannel(ctx, d.theChannel())
	return d.check(errors.Is(err, channels.ErrChannelAlreadyExists) && token.AccessToken != old.AccessToken &&
		d.pipedrive.TokenCalls() == emulator.TokenCalls{Codes: 1, Refreshes: 1},
		"one refresh, and the calls go on with the new token", fmt.Sprintf("the token was not renewed, or is not used: %v", err))
}

func (d *demo) uninstall(ctx context.Context) error {
	in := d.tokens.Installation()
	if err := d.pipedrive.Uninstall(ctx, in.UserID); err != nil {
		return err
	}
	d.showCalls()
	var gone []auth.Installation
	d.app.note(func() { gone = d.app.gone })
	_, err := d.tokens.TokenContext(ctx)
	return d.check(len(d.pipedrive.Installations()) == 0 && slices.Equal(gone, []auth.Installation{in}) && errors.Is(err, auth.ErrNotInstalled),
		"the app was told, and has forgotten its tokens", "the app was not told, or still has tokens")
}
