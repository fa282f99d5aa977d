// Command messenger runs the example messenger as an app of Pipedrive, or of an emulator on this machine.
//
//	pdchannels emulator --app http://127.0.0.1:8585   # prints exports to paste into a second shell, for:
//	go run ./examples/messenger/cmd/messenger
//
// Then open http://127.0.0.1:8585, the customer's phone, and connect. `pdchannels demo --live` does all of this at once.
//
// It reads the app's PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET from the environment, and PIPEDRIVE_OAUTH_URL, the
// OAuth server, which is Pipedrive's own if it is not set.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/pdchannels/pdchannels/examples/messenger/app"
	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "messenger:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("messenger", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8585", "where to listen: `host:port`")
	url := flags.String("url", "", "where Pipedrive and browsers reach the app, https://host; http://addr if it is not set")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	id, secret := getenv("PIPEDRIVE_CLIENT_ID"), getenv("PIPEDRIVE_CLIENT_SECRET")
	if id == "" || secret == "" {
		return errors.New("set PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET, the app's from the Developer Hub or those that the emulator prints")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	if *url == "" {
		*url = "http://" + listener.Addr().String()
	}
	a, err := app.New(app.Config{
		URL: *url, ClientID: id, ClientSecret: auth.NewSecret(secret), OAuthURL: getenv("PIPEDRIVE_OAUTH_URL"),
		Log: slog.New(slog.NewTextHandler(stderr, nil)),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	_, _ = fmt.Fprintf(stdout, "The customer's phone:  http://%s\nConnect to Pipedrive:  %s\n", listener.Addr(), a.CallbackURL())
	return a.Serve(ctx, listener)
}
