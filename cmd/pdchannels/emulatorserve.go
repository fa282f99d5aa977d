// How the emulator listens, and what it prints to be pasted.

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func (s *emulatorSettings) serve(ctx context.Context, env *environment) error {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return usage("--addr %s is not of the form HOST:PORT, such as 127.0.0.1:8484", printable(s.addr))
	}
	if host == "" {
		host = "127.0.0.1" // net.Listen would take every address of the machine
	}
	s.Logger = slog.New(&requestLog{to: env.stderr, colour: env.stderr.colour})
	if env.json {
		s.Logger = slog.New(slog.NewJSONHandler(env.stderr, nil))
	}
	e, err := emulator.New(s.Config)
	if err != nil {
		return usage("%s", forUsers.Replace(plain(err)))
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
	b := banner{url: reachableURL(bound), plainHTTP: !reachable(bound).IsLoopback(), exposed: !bound.IP.IsLoopback(), Emulator: e, preset: env.isSet}
	env.say(b.object(), "%s", b.text())
	if s.open {
		if err := env.browse(b.url + "/"); err != nil {
			env.stderr.printf("warning: the browser could not be opened: %v\n", err)
		}
	}
	return e.Serve(ctx, listener)
}

// exposure warns of an address that others can reach.
func exposure(bound *net.TCPAddr) string {
	if bound.IP.IsLoopback() {
		return ""
	}
	return fmt.Sprintf("warning: %s can be reached over the network; the inbox asks for a password there\n", bound)
}

// reachable is an address at which a listener is reached from this machine.
func reachable(bound *net.TCPAddr) net.IP {
	switch {
	case !bound.IP.IsUnspecified():
		return bound.IP
	case bound.IP.To4() != nil:
		return net.IPv4(127, 0, 0, 1)
	default:
		return net.IPv6loopback
	}
}

func reachableURL(bound *net.TCPAddr) string {
	addr := net.TCPAddr{IP: reachable(bound), Port: bound.Port, Zone: bound.Zone}
	return "http://" + strings.ReplaceAll(addr.String(), "%", "%25") // before the zone
}

// banner is what the emulator says about itself when it starts.
type banner struct {
	*emulator.Emulator
	url       string
	plainHTTP bool                   // url is not on loopback
	exposed   bool                   // others can reach the emulator, and its pages need the password
	preset    func(name string) bool // whether the environment sets a secret: such a one is not printed
}

// isSet reports whether a variable is set, or the one with _FILE.
func (env *environment) isSet(name string) bool {
	return env.getenv(name) != "" || env.getenv(name+"_FILE") != ""
}

// settings are names and values of the environment of a caller.
func (b *banner) settings() [][2]string {
	all := [][2]string{
		{"PIPEDRIVE_BASE_URL", b.url + "/v1"}, {"PIPEDRIVE_ACCESS_TOKEN", b.AccessToken()}, {"PIPEDRIVE_OAUTH_URL", b.url},
		{"PIPEDRIVE_CLIENT_ID", b.ClientID()}, {"PIPEDRIVE_CLIENT_SECRET", b.ClientSecret()},
	}
	if b.plainHTTP {
		all = append(all, [2]string{"PIPEDRIVE_PLAIN_HTTP", "1"})
	}
	return all
}

// hides reports whether a setting is a secret that the user set, and knows.
func (b *banner) hides(name string) bool {
	return b.preset(name) && (strings.HasSuffix(name, "_TOKEN") || strings.HasSuffix(name, "_SECRET") || strings.HasSuffix(name, "_PASSWORD"))
}

// text is a shell script: exports that work when pasted, and comments.
func (b *banner) text() string {
	var text strings.Builder
	text.WriteString("# Pipedrive's side of the Channels API; not for production. Ctrl-C ends it.\n")
	fmt.Fprintf(&text, "# Its inbox is at %s/\n", b.url)
	if b.exposed && !b.hides("PIPEDRIVE_EMULATOR_PASSWORD") {
		fmt.Fprintf(&text, "# The password of the inbox, with any user name: %s\n", b.Password())
	}
	text.WriteString("# Paste these lines into another shell:\n")
	for _, s := range b.settings() {
		if b.hides(s[0]) {
			fmt.Fprintf(&text, "# %s is as you set it\n", s[0])
		} else {
			fmt.Fprintf(&text, "export %s=%s\n", s[0], shellWord(s[1]))
		}
	}
	if !b.hides("PIPEDRIVE_API_TOKEN") {
		fmt.Fprintf(&text, "# Or, instead of the access token, the same user's API token:\n# export PIPEDRIVE_API_TOKEN=%s\n", b.APIToken())
	}
	for _, u := range b.Users()[1:] {
		what := "who did not install the app"
		if !u.Admin {
			what = "who is not an admin and did not install the app"
		}
		fmt.Fprintf(&text, "# Or that of another user, %s:\n# export PIPEDRIVE_ACCESS_TOKEN=%s\n", what, u.AccessToken.Reveal())
	}
	fmt.Fprintf(&text, "# Or none of these tokens, but: pdchannels login\n# Users install and uninstall the app at %s/marketplace", b.url)
	return text.String()
}

// object is the same as --json prints it.
func (b *banner) object() any {
	env := map[string]string{}
	for _, s := range b.settings() {
		if !b.hides(s[0]) {
			env[s[0]] = s[1]
		}
	}
	object := map[string]any{"url": b.url, "environment": env}
	if b.exposed && !b.hides("PIPEDRIVE_EMULATOR_PASSWORD") {
		object["password"] = b.Password()
	}
	return map[string]any{"emulator": object}
}
