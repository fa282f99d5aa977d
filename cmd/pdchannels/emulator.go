// The command emulator.

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func emulatorCommand(env *environment) *cobra.Command {
	var addr string
	var strict bool
	c := &cobra.Command{
		Use:   "emulator [flags]",
		Short: "Emulate Pipedrive on this machine; not for production",
		Long: `Prints settings to paste into another shell, and then a line for each request on stderr. It
keeps everything in memory; Ctrl-C ends it.

It is built from what Pipedrive published, and was never compared with the live service. Where
the published sources disagree it accepts what any of them allows, with a warning; --strict
accepts only what all of them allow.`,
		Example: `pdchannels emulator
pdchannels emulator --addr 127.0.0.1:0 --strict`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveEmulator(cmd.Context(), env, addr, strict)
		},
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:8484", "the `HOST:PORT` to listen on; port 0 takes a free one")
	c.Flags().BoolVar(&strict, "strict", false, "accept only what all published sources allow")
	return c
}

func serveEmulator(ctx context.Context, env *environment, addr string, strict bool) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usage("--addr %s is not of the form HOST:PORT, such as 127.0.0.1:8484", printable(addr))
	}
	if host == "" {
		host = "127.0.0.1" // net.Listen would take every address of the machine
	}
	e, err := emulator.New(emulator.Config{
		Strict: strict,
		Logger: slog.New(&requestLog{to: env.stderr, colour: env.stderr.colour}),
	})
	if err != nil {
		return err
	}
	network := "tcp"
	if net.ParseIP(host).To4() != nil {
		network = "tcp4" // or else 0.0.0.0 listens, and shows, as [::]
	}
	listener, err := new(net.ListenConfig).Listen(ctx, network, net.JoinHostPort(host, port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: another emulator may be running; --addr 127.0.0.1:0 takes a free port", err)
	} else if err != nil {
		return err
	}
	bound, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return errors.Join(fmt.Errorf("listening on %s, which is no TCP address", listener.Addr()), listener.Close())
	}
	env.stderr.print(exposure(bound))
	env.stdout.print(banner(bound, e))
	return e.Serve(ctx, listener)
}

// exposure warns of an address that others can reach.
func exposure(bound *net.TCPAddr) string {
	if bound.IP.IsLoopback() {
		return ""
	}
	return fmt.Sprintf("warning: anybody who can reach %s over the network can use this emulator\n", bound)
}

// banner is a shell script: exports that work when pasted, and comments.
func banner(bound *net.TCPAddr, e *emulator.Emulator) string {
	reachable := *bound
	switch {
	case !bound.IP.IsUnspecified():
	case bound.IP.To4() != nil:
		reachable.IP = net.IPv4(127, 0, 0, 1)
	default:
		reachable.IP = net.IPv6loopback
	}
	url := "http://" + strings.ReplaceAll(reachable.String(), "%", "%25") // before the zone of an address
	plainHTTP := ""
	if !reachable.IP.IsLoopback() {
		plainHTTP = "export PIPEDRIVE_PLAIN_HTTP=1\n"
	}
	var text strings.Builder
	fmt.Fprintf(&text, `# Pipedrive's side of the Channels API, in memory; not for production. Ctrl-C ends it.
# Paste these lines into another shell:
export PIPEDRIVE_BASE_URL=%s
export PIPEDRIVE_ACCESS_TOKEN=%s
export PIPEDRIVE_OAUTH_URL=%s
export PIPEDRIVE_CLIENT_ID=%s
export PIPEDRIVE_CLIENT_SECRET=%s
%s# Or, instead of the access token, the same user's API token:
# export PIPEDRIVE_API_TOKEN=%s
`, shellWord(url+"/v1"), e.AccessToken(), shellWord(url), shellWord(e.ClientID()), e.ClientSecret(), plainHTTP, e.APIToken())
	for _, u := range e.Users()[1:] {
		fmt.Fprintf(&text, "# Or another user's, who is no admin and did not install the app:\n# export PIPEDRIVE_ACCESS_TOKEN=%s\n", u.AccessToken.Reveal())
	}
	fmt.Fprintf(&text, `# Or none of these tokens, but: pdchannels login
# Users install the app, and uninstall it, at %s/marketplace
`, url)
	return text.String()
}
