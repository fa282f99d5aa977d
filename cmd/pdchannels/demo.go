// The command demo: an app's whole life with the API, against an emulator of its own.
package main

import (
	"bytes"
	"context"
	_ "embed" // the conversation
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

//go:embed demo.jsonl
var demoConversation []byte

func demoCommand() *command {
	return &command{
		name:    "demo",
		summary: "watch an app be installed, register, deliver, update and delete, against an emulator on this machine",
		about: `Every line with a method is a real exchange over HTTP, and every tick was checked against what
the emulator then had in its memory: if anything is not as it says, the exit code is 1.
It needs no account and no network.`,
		examples: "pdchannels demo",
		setup: func(_ *flag.FlagSet, env *environment) action {
			return func(ctx context.Context) error { return runDemo(ctx, env, http.DefaultTransport) }
		},
	}
}

// demo is one run of the demo.
type demo struct {
	*stage
	pipedrive *emulator.Emulator
	url       string // of the emulator
	app       *demoApp
	http      *http.Client      // of the app; shows what passes
	browser   http.RoundTripper // of its user; shows what passes

	tokens   *auth.TokenSource
	client   *channels.Client
	messages []channels.ReceiveMessageRequest
	channel  string // the app's id of the channel
	talk     string // the app's id of the conversation
}

// runDemo plays the demo; its exchanges go over the transport.
func runDemo(ctx context.Context, env *environment, transport http.RoundTripper) (err error) {
	pipedrive, err := emulator.New(emulator.Config{})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- pipedrive.Serve(serving, listener) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()

	stage := &stage{to: env.stdout, colour: palette(env.hasColour(env.stdout)), start: time.Now()}
	d := &demo{
		stage:     stage,
		pipedrive: pipedrive,
		url:       "http://" + listener.Addr().String(),
		http:      &http.Client{Transport: &observer{next: transport, show: stage.exchange}},
		browser:   &observer{next: transport, show: stage.exchange, by: "browser"},
	}
	defer d.http.CloseIdleConnections()
	if d.app, err = newDemoApp(ctx, pipedrive, d.url, d.http.Transport, stage.exchange); err != nil {
		return err
	}
	defer d.app.serve()()
	if d.messages, err = readDemo(demoConversation); err != nil {
		return err
	}
	d.channel, d.talk = d.messages[0].ProviderChannelID, d.messages[0].ConversationID
	return d.play(ctx)
}

func readDemo(jsonLines []byte) (messages []channels.ReceiveMessageRequest, err error) {
	for text := range bytes.Lines(jsonLines) {
		m, err := parseMessage(text)
		if err != nil {
			return nil, fmt.Errorf("the demo's own conversation: %w", err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func (d *demo) play(ctx context.Context) error {
	d.open("pdchannels demo", "An app and Pipedrive meet on this machine: the emulator at "+d.url+" plays Pipedrive.")
	for i, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"The app is installed: Rosa allows it in her browser, and a code becomes tokens", d.install},
		{"Rosa's bicycle shop connects its WhatsApp number", d.addChannel},
		{"A customer writes, Rosa answers: demo.jsonl, line by line", d.deliver},
		{"Her last message is delivered, then read: the same message, with a new status", d.update},
		{"Two errors, handled", d.handleErrors},
		{"The access token is renewed, as it has to be every hour, and the next call uses the new one", d.renew},
		{"Tidying up", d.tidyUp},
		{"Rosa uninstalls the app in Pipedrive, and the app is told", d.uninstall},
	} {
		d.step(i+1, step.title)
		if err := step.do(ctx); err != nil {
			d.failed(err)
			return fmt.Errorf("step %d, %q: %w", i+1, step.title, err)
		}
	}
	d.close("Next: pdchannels emulator, and pdchannels help.")
	return nil
}
