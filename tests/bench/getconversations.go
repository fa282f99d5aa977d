package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// This file measures the other direction: a page of 30 conversations of 30 messages, answered over
// loopback by wrapper/provider, and by a net/http handler that encodes the same page with
// encoding/json and does nothing else: no authentication, no bounds, no checks.

// getConversationsShare is how many calls in memory take as long as one of these.
const getConversationsShare = 50

func getConversations(ctx context.Context, b *bench) error {
	s, err := openGetConversations(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	batch := max(1, b.calls/getConversationsShare)
	measured, err := takeTurns(b.rounds,
		func() (figures, error) { return measure(ctx, batch, s.ours) },
		func() (figures, error) { return measure(ctx, batch, s.byHand) })
	if err != nil {
		return err
	}
	b.printf("\nprovider: medians of %d rounds of %d calls over loopback, what the caller takes included. The aim: at\n"+
		"least 0.90 of the requests a second.\n%-46s%12s%12s%8s\n", b.rounds, batch, "", "pdchannels", "by hand", "ratio")
	b.printf("getConversations, 30 conversations of 30 messages\n")
	b.printRows(measured[0], measured[1],
		row{"requests a second", "%.0f", func(f figures) float64 { return 1e9 / f.nanoseconds }},
		row{"bytes", "%.0f", func(f figures) float64 { return f.bytes }},
		row{"allocations", "%.0f", func(f figures) float64 { return f.allocations }})
	return nil
}

func openGetConversations(ctx context.Context) (*sides, error) {
	h, err := provider.NewHandler(onePage{page: page()}, provider.BasicAuth("id", "secret"), provider.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	answer := pageByHand(page())
	handler, closeHandler, err := getting(ctx, h)
	if err != nil {
		return nil, err
	}
	byHand, closeByHand, err := getting(ctx, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // fails only if the caller has left
	}))
	if err != nil {
		closeHandler()
		return nil, err
	}
	return &sides{ours: discarding(handler), byHand: discarding(byHand), close: func() { closeHandler(); closeByHand() }}, nil
}

// getting serves h, and returns what calls it.
func getting(ctx context.Context, h http.Handler) (get func(context.Context, io.Writer) error, closeAll func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server, transport := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}, &http.Transport{}
	go func() { _ = server.Serve(listener) }() // until closed
	get = func(ctx context.Context, w io.Writer) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+"/channels/c/conversations", nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth("id", "secret")
		res, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		n, err := io.Copy(w, res.Body)
		if err == nil && (res.StatusCode != http.StatusOK || n < 100_000) {
			err = fmt.Errorf("answered %s, with %d bytes", res.Status, n)
		}
		return err
	}
	return get, func() { transport.CloseIdleConnections(); _ = server.Close() }, nil
}

func discarding(get func(context.Context, io.Writer) error) func(context.Context) error {
	return func(ctx context.Context) error { return get(ctx, io.Discard) }
}

// onePage has one page, whatever is asked.
type onePage struct {
	provider.Inbox
	page provider.ConversationsPage
}

// GetConversations returns it.
func (p onePage) GetConversations(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
	return p.page, nil
}

func page() provider.ConversationsPage {
	p := provider.ConversationsPage{After: "page-2"}
	for c := range 30 {
		conversation := provider.Conversation{
			ID: fmt.Sprintf("conversation-%d", c), Link: "https://messenger.example/c", Status: provider.ConversationOpen,
			Participants: []provider.Participant{
				{ID: "shop", Name: "The Shop", Role: provider.RoleSourceUser},
				{ID: "person-7", Name: "Ada Customer", Role: provider.RoleEndUser},
			},
		}
		for m := range 30 {
			conversation.Messages = append(conversation.Messages, provider.Message{
				ID: fmt.Sprintf("message-%d-%d", c, m), Status: provider.StatusRead,
				CreatedAt: createdAt.Add(time.Duration(m) * time.Minute), SenderID: "person-7",
				Message: "Is the blue one in stock? I would take two of them if they come before Friday.",
				Attachments: []provider.Attachment{{
					ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/files/3.png", Name: "blue.png", Size: 600,
				}},
			})
		}
		p.Conversations = append(p.Conversations, conversation)
	}
	return p
}
