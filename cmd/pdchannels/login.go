// The command login: the OAuth flow in the user's browser, with its callback on this machine.

package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// loginPatience is how long login waits for the user, which is how long a flow lives.
const loginPatience = 10 * time.Minute

func loginCommand(env *environment) *cobra.Command {
	var l login
	c := &cobra.Command{
		Use:   "login [flags]",
		Short: "Install the app for yourself by OAuth, and store its tokens for the other commands",
		Long: `Prints a URL to open in your browser, where you allow the app, and waits for the browser to
return. The other commands then use the login, and renew its tokens, unless a credential is in
the environment.

Set the app by PIPEDRIVE_CLIENT_ID, and by PIPEDRIVE_CLIENT_SECRET or, in
PIPEDRIVE_CLIENT_SECRET_FILE, the name of a file that holds the secret. The redirect URL must be
the app's callback URL in the Developer Hub, character by character; port 0 takes a free port,
which only the emulator accepts. Set PIPEDRIVE_OAUTH_URL to use the emulator.

Tokens are stored in files that only you can read. Whoever reads them can act as you.`,
		Example: `pdchannels login
pdchannels login --open --redirect-url http://localhost:3000/oauth/callback
pdchannels login --redirect-url https://tunnel.example/callback --addr 127.0.0.1:8585`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.run(cmd.Context(), env)
		},
	}
	flags := c.Flags()
	l.declareStore(flags)
	flags.StringVar(&l.redirectURL, "redirect-url", defaultRedirectURL, "the app's callback `URL` in the Developer Hub")
	flags.StringVar(&l.addr, "addr", "", "the `HOST:PORT` to listen on, if requests to the redirect URL are forwarded there")
	flags.BoolVar(&l.open, "open", false, "open the browser too")
	return c
}

type login struct {
	loginSettings
	redirectURL string
	addr        string
	open        bool
}

// flowEnd is how a flow ended.
type flowEnd struct {
	src *auth.TokenSource
	err error
}

func (l *login) run(ctx context.Context, env *environment) error {
	redirect, listener, err := l.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server closes it too

	ended := make(chan flowEnd, 1)
	end := func(o flowEnd) {
		select {
		case ended <- o:
		default: // it has ended before
		}
	}
	l.creates = true
	all, err := l.loginSettings.open(env, auth.AppConfig{
		RedirectURL: redirect.String(),
		Installed: func(_ context.Context, src *auth.TokenSource) error {
			end(flowEnd{src: src})
			return nil
		},
		Warn: func(ctx context.Context, in auth.Installation, err error) {
			// A wrong state may come from anybody: the right one may still come.
			if errors.Is(err, auth.ErrState) || in != (auth.Installation{}) {
				env.warn(ctx, in, err)
				return
			}
			end(flowEnd{err: err})
		},
	})
	if err != nil {
		return err
	}
	key := rand.Text()
	stop := serveCallback(listener, redirect, key, all.app.Handler())
	defer stop()

	begin := *redirect
	begin.RawQuery = strings.TrimPrefix(begin.RawQuery+"&start="+key, "&")
	env.stderr.printf("Open this in your browser, and allow the app:\n\n  %s\n\nWaiting for the browser to return; Ctrl-C gives up.\n", &begin)
	if l.open {
		if err := env.browse(begin.String()); err != nil {
			env.stderr.printf("warning: the browser could not be opened: %v\n", err)
		}
	}
	patience := time.NewTimer(loginPatience)
	defer patience.Stop()
	select {
	case o := <-ended:
		if o.err != nil {
			return o.err
		}
		return l.tell(ctx, env, all, o.src)
	case <-patience.C:
		return fmt.Errorf("the browser did not return within %v", loginPatience)
	case <-ctx.Done():
		return errors.New("interrupted: nobody is logged in")
	}
}

// listen listens where the browser will return to, and returns the redirect URL with its actual
// port.
func (l *login) listen(ctx context.Context) (*url.URL, net.Listener, error) {
	redirect, err := url.Parse(l.redirectURL)
	if err != nil || redirect.Host == "" {
		return nil, nil, usage("--redirect-url is not a URL, such as %s", defaultRedirectURL)
	}
	addr := l.addr
	if ip := net.ParseIP(redirect.Hostname()); addr == "" {
		if redirect.Scheme != "http" || !ip.IsLoopback() && redirect.Hostname() != "localhost" {
			return nil, nil, usage("--redirect-url is not plain http on this machine: set --addr to where its requests are forwarded")
		}
		port := redirect.Port()
		if port == "" {
			port = "80"
		}
		addr = net.JoinHostPort(redirect.Hostname(), port)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("waiting for the browser: %w", err)
	}
	if bound, ok := listener.Addr().(*net.TCPAddr); ok && redirect.Port() == "0" {
		redirect.Host = net.JoinHostPort(redirect.Hostname(), strconv.Itoa(bound.Port))
	}
	return redirect, listener, nil
}

// serveCallback serves the path of the redirect URL until stop is called. Every user of this machine
// can reach the port, so a flow begins only with the key in the URL that was printed: otherwise
// somebody else's account could end up in the store.
func serveCallback(listener net.Listener, redirect *url.URL, key string, callback http.Handler) (stop func()) {
	path := redirect.Path
	if path == "" {
		path = "/"
	}
	return serveApp(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		query := r.URL.Query()
		if !query.Has("state") && subtle.ConstantTimeCompare([]byte(query.Get("start")), []byte(key)) != 1 {
			http.Error(w, "open the URL that pdchannels login printed", http.StatusForbidden)
			return
		}
		callback.ServeHTTP(w, r)
	}))
}

// serveApp serves an app until stop is called, which lets an answer under way be written.
func serveApp(listener net.Listener, app http.Handler) (stop func()) {
	server := &http.Server{
		Handler:           app,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // while Pipedrive is asked for the tokens
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // a connection that nothing came on
		}
		<-served //nolint:errcheck // it says that the server was closed, which is no news
	}
}

func (l *login) tell(ctx context.Context, env *environment, all *logins, src *auth.TokenSource) error {
	baseURL, err := src.BaseURL(ctx)
	if err != nil {
		return err
	}
	in := src.Installation()
	env.say(map[string]any{"login": map[string]any{
		"company_id": in.CompanyID, "user_id": in.UserID, "base_url": baseURL, "store": all.dir,
	}}, "Logged in as user %d of company %d, whose API is at %s.\nThe tokens are in %s.", in.UserID, in.CompanyID, baseURL, all.dir)
	if set := env.credentialsSet(); len(set) > 0 {
		env.stderr.printf("warning: %s is set and overrides the login: unset it to use the login\n", set[0])
	}
	return nil
}

// openBrowser asks the desktop to open a URL, and does not wait for the browser.
func openBrowser(target string) error {
	name, args := "xdg-open", []string{target}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", target}
	}
	c := exec.Command(name, args...) //nolint:noctx,gosec // it outlives this process, and the URL was parsed
	if err := c.Start(); err != nil {
		return err
	}
	return c.Process.Release()
}
