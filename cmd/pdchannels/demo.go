// The command demo: the whole life of an app with the API, against an emulator of its own.

package main

import (
	"bytes"
	"context"
	_ "embed" // the conversation
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

//go:embed demo.jsonl
var demoConversation []byte

func demoCommand(env *environment) *cobra.Command {
	var live bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch an app install, register a channel, deliver messages and get replies, on this machine",
		Long: `Every line with a method is a real HTTP exchange, and every tick was checked against the
emulator's memory: if anything is not as shown, the exit code is 1. It needs no account and no
network.

With --live it runs both sides until Ctrl-C, prints the addresses of the customer's phone and of
the Messaging inbox, and opens the inbox: what you write on one appears on the other.`,
		Example: `pdchannels demo
pdchannels demo --live`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if env.json {
				return usage("the demo is for people and has no --json")
			}
			if live {
				return runLive(cmd.Context(), env)
			}
			return runDemo(cmd.Context(), env, straight)
		},
	}
	c.Flags().BoolVar(&live, "live", false, "run a customer's phone and the inbox, to write back and forth in a browser")
	return c
}

// demo is one run of the demo.
type demo struct {
	*stage
	pipedrive *emulator.Emulator
	url       string // of the emulator
	app       *demoApp
	http      *http.Client      // of the app; it shows its exchanges, as do the next two
	browser   http.RoundTripper // of its user
	phone     *http.Client      // of the customer

	tokens   *auth.TokenSource
	client   *channels.Client
	history  int // messages of the conversation that were imported
	messages []channels.ReceiveMessageRequest
	channel  string // the app's id of the channel
	talk     string // the app's id of the conversation
}

// demoNetwork lies between the app and Pipedrive.
type demoNetwork struct {
	outward http.RoundTripper // of the app, the browser and the phone
	toApp   func(http.Handler) http.Handler
}

var straight = demoNetwork{http.DefaultTransport, func(app http.Handler) http.Handler { return app }}

// runDemo plays the demo over the network.
func runDemo(ctx context.Context, env *environment, network demoNetwork) (err error) {
	listener, err := listenOnLoopback(ctx)
	if err != nil {
		return err
	}
	stage := &stage{to: env.stdout, colour: env.stdout.colour, start: time.Now()}
	d := &demo{stage: stage, url: "http://" + listener.Addr().String()}
	d.http = &http.Client{Transport: &observer{next: network.outward, show: stage.exchange}}
	d.browser = &observer{next: network.outward, show: stage.exchange, by: "browser"}
	d.phone = &http.Client{Transport: &observer{next: network.outward, by: "the customer's phone", show: func(e exchange) {
		e.path = path.Dir(e.path) + "/…" // whoever knows the rest has the file
		stage.exchange(e)
	}}}
	defer d.http.CloseIdleConnections()
	if d.app, err = newDemoApp(ctx, d.url, demoNetwork{d.http.Transport, network.toApp}); err != nil {
		return errors.Join(err, listener.Close())
	}
	d.pipedrive, err = emulator.New(emulator.Config{
		ClientID: demoClientID, ClientSecret: emulator.NewSecret(d.app.secret), Provider: emulator.Provider{Manifest: d.app.manifest},
	})
	if err != nil {
		return errors.Join(err, listener.Close(), d.app.listener.Close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- d.pipedrive.Serve(serving, listener) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	defer serveApp(d.app.listener, d.app.handler)()

	if d.messages, err = readDemo(demoConversation); err != nil {
		return err
	}
	d.channel, d.talk = d.messages[0].ProviderChannelID, d.messages[0].ConversationID
	return d.play(ctx)
}

func listenOnLoopback(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
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
	d.open("pdchannels demo", "An app meets Pipedrive on this machine, where the emulator at "+d.url+" plays Pipedrive.")
	for i, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Rosa installs the app: she allows it in her browser, and a code becomes tokens", d.install},
		{"Rosa's bicycle shop connects its WhatsApp number, and Pipedrive asks the app for its history", d.addChannel},
		{"A customer writes, Rosa answers: demo.jsonl, line by line", d.deliver},
		{"Her last message is delivered, then read: the same message, with a new status", d.update},
		{"Rosa replies from Pipedrive, with a file: the app passes it on, and reports its status", d.reply},
		{"Two errors, and how to handle them", d.handleErrors},
		{"The access token is renewed, as it must be every hour, and the next call uses the new one", d.renew},
		{"Tidying up", d.tidyUp},
		{"Rosa uninstalls the app in Pipedrive, and the app is told", d.uninstall},
	} {
		d.step(i+1, step.title)
		if err := step.do(ctx); err != nil {
			d.showCalls()
			d.failed(err)
			return fmt.Errorf("step %d, %q: %w", i+1, step.title, err)
		}
	}
	d.close("Next: pdchannels demo --live, pdchannels emulator, and pdchannels help.")
	return nil
}
