// The command demo --live: an emulator and the example messenger, to be played with in two browser windows.

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/pdchannels/pdchannels/examples/messenger/app"
	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// runLive serves both sides until ctx ends.
func runLive(ctx context.Context, env *environment) error {
	inbox, phone, err := listenForLive(ctx)
	if err != nil {
		return err
	}
	inboxURL, phoneURL := "http://"+inbox.Addr().String(), "http://"+phone.Addr().String()
	secret := rand.Text()
	messenger, err := app.New(app.Config{
		URL: phoneURL, ClientID: demoClientID, ClientSecret: auth.NewSecret(secret), OAuthURL: inboxURL,
	})
	if err != nil {
		return errors.Join(err, inbox.Close(), phone.Close())
	}
	manifest, err := json.Marshal(messenger.Manifest())
	if err != nil {
		return errors.Join(err, inbox.Close(), phone.Close())
	}
	pipedrive, err := emulator.New(emulator.Config{
		Users:    []emulator.User{{ID: 1, Name: "Rosa", Admin: true}},
		ClientID: demoClientID, ClientSecret: emulator.NewSecret(secret), Provider: emulator.Provider{Manifest: manifest},
	})
	if err != nil {
		return errors.Join(err, inbox.Close(), phone.Close())
	}

	// When one of them ends, the other does.
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 2)
	go func() { defer stop(); served <- pipedrive.Serve(ctx, inbox) }()
	go func() { defer stop(); served <- messenger.Serve(ctx, phone) }()
	if err = allow(ctx, http.DefaultTransport, messenger.CallbackURL(), pipedrive.Users()[0].ID); err != nil {
		err = fmt.Errorf("installing the messenger: %w", err)
		stop()
	} else {
		env.stdout.print(fmt.Sprintf(`Two sides of a conversation, on this machine only. Open both, side by side:

  the customer's phone   %s
  the Messaging inbox    %s

Write on one, and it appears on the other. Nothing here reaches Pipedrive. Ctrl-C ends it.
`, phoneURL, inboxURL))
		_ = env.browse(inboxURL) // without a desktop, the address is enough
	}
	return errors.Join(err, <-served, <-served)
}

// listenForLive takes the ports of the emulator and the messenger if they are free, and others if not.
func listenForLive(ctx context.Context) (inbox, phone net.Listener, err error) {
	listen := func(preferred string) (net.Listener, error) {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", preferred)
		if err != nil {
			return listenOnLoopback(ctx)
		}
		return listener, nil
	}
	if inbox, err = listen("127.0.0.1:8484"); err != nil {
		return nil, nil, err
	}
	if phone, err = listen("127.0.0.1:8585"); err != nil {
		return nil, nil, errors.Join(err, inbox.Close())
	}
	return inbox, phone, nil
}
