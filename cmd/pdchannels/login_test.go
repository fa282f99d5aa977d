package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// oauthApp starts an emulator, and returns the settings of its app, with a store of its own.
func oauthApp(t *testing.T, cfg emulator.Config) (*emulator.Server, vars) {
	t.Helper()
	server := emulator.Start(t, cfg)
	return server, vars{
		"PIPEDRIVE_OAUTH_URL": server.URL, "PIPEDRIVE_CLIENT_ID": server.ClientID(), "PIPEDRIVE_CLIENT_SECRET": server.ClientSecret(),
		"PIPEDRIVE_STORE": filepath.Join(t.TempDir(), "store"),
	}
}

// running is a login that waits for its browser.
type running struct {
	url    string
	cancel func()
	end    func() result
}

// startLogin runs the command until it has told the URL to open.
func startLogin(t *testing.T, env vars, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var stdout bytes.Buffer
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"login"}, args...), env.getenv, nil, &stdout, w)
		_ = w.Close()
		ended <- code
	}()
	lines, said := bufio.NewReader(r), ""
	for !strings.Contains(said, "Ctrl-C") {
		text, err := lines.ReadString('\n')
		if said += text; err != nil {
			t.Fatalf("login ended with %d: %s", <-ended, said)
		}
	}
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines) // a pipe blocks whoever writes to it unread
		rest <- string(text)
	}()
	return running{regexp.MustCompile(`http\S+`).FindString(said), cancel, func() result {
		stderr := <-rest
		return result{<-ended, stdout.String(), stderr}
	}}
}

// browse plays the user's browser, from the URL on, up to a decision on the page of Pipedrive.
// It returns the page on which that ended.
func browse(t *testing.T, from, user, decision string) (status int, page string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	shown, err := browser.Get(from)
	if err != nil {
		t.Fatal(err)
	}
	_ = shown.Body.Close()
	form := shown.Request.URL.Query()
	form.Set("user", user)
	form.Set("decision", decision)
	ended, err := browser.PostForm(shown.Request.URL.Scheme+"://"+shown.Request.URL.Host+shown.Request.URL.Path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ended.Body.Close() }()
	text, err := io.ReadAll(ended.Body)
	if err != nil {
		t.Fatal(err)
	}
	return ended.StatusCode, string(text)
}

// logIn logs a user in, and returns how the command ended.
func logIn(t *testing.T, env vars, user string, args ...string) result {
	t.Helper()
	r := startLogin(t, env, append([]string{"--redirect-url", "http://127.0.0.1:0/callback"}, args...)...)
	if status, page := browse(t, r.url, user, "allow"); status != http.StatusOK || !strings.Contains(page, "Connected") {
		t.Errorf("the browser ended at %d:\n%s", status, page)
	}
	return r.end()
}

func TestLoginUseLogout(t *testing.T) {
	t.Parallel()
	server, env := oauthApp(t, emulator.Config{})
	pdchannels(t, env, "probe").wants(t, exitUsage, "", "log in with pdchannels login")

	got := logIn(t, env, "1", "--json")
	got.wants(t, exitDone, `"company_id":1`, "")
	if o := got.object(t); field(o, "login", "user_id") != 1.0 || field(o, "login", "base_url") != server.URL+"/api/v1" {
		t.Errorf("%s", got.stdout)
	}
	pdchannels(t, env, "probe").wants(t, exitDone, server.URL+"/api/v1 is the Channels API", "")
	pdchannels(t, env, "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
	if c := server.Channels(); len(c) != 1 || c[0].UserID != 1 {
		t.Errorf("the channels are %+v", c)
	}

	// Of two logins one has to be named.
	logIn(t, env, "2").wants(t, exitDone, "Logged in as user 2 of company 1, whose API is at "+server.URL, "")
	pdchannels(t, env, "probe").wants(t, exitUsage, "", "1:1 or 1:2")
	pdchannels(t, env, "probe", "--login", "1:3").wants(t, exitUsage, "", "there are 1:1, 1:2")
	pdchannels(t, env, "--login", "1:1", "probe").wants(t, exitDone, "alive", "")
	pdchannels(t, env, "channel", "add", "--name", "Repairs", "--id", "shop-2", "--login", "1:2").wants(t, exitNotAllowed, "", "ADMIN_ONLY")
	pdchannels(t, env, "logout").wants(t, exitUsage, "", "1:1 or 1:2")

	// A credential of the environment goes before a login, and two are one too many.
	token := env.with("PIPEDRIVE_ACCESS_TOKEN", "wrong").with("PIPEDRIVE_BASE_URL", server.BaseURL)
	pdchannels(t, token, "probe").wants(t, exitNotAllowed, "refuses this credential", "")
	pdchannels(t, token, "probe", "--login", "1:1").wants(t, exitUsage, "", "PIPEDRIVE_ACCESS_TOKEN and --login are set")
	logIn(t, token, "1").wants(t, exitDone, "Logged in", "warning: PIPEDRIVE_ACCESS_TOKEN is set")

	pdchannels(t, env, "logout", "--login", "1:2", "--json").wants(t, exitDone, `"uninstalled":true`, "")
	if in := server.Installations(); len(in) != 1 || in[0].User.ID != 1 {
		t.Errorf("the installations are %+v", in)
	}
	pdchannels(t, env, "logout").wants(t, exitDone, "uninstalled for user 1 of company 1", "")
	pdchannels(t, env, "logout").wants(t, exitUsage, "", "nobody is logged in")
	pdchannels(t, env, "probe").wants(t, exitUsage, "", "nobody is logged in")
	if in := server.Installations(); len(in) != 0 {
		t.Errorf("the installations are %+v", in)
	}
}

func TestALoginThatIsRefused(t *testing.T) {
	t.Parallel()
	server, env := oauthApp(t, emulator.Config{})
	args := []string{"--redirect-url", "http://localhost:0"}
	denied := startLogin(t, env, args...)
	if status, page := browse(t, denied.url, "1", "deny"); status != http.StatusForbidden {
		t.Errorf("the browser ended at %d:\n%s", status, page)
	}
	denied.end().wants(t, exitFailed, "", "access was not granted: user_denied")

	wrong := startLogin(t, env.with("PIPEDRIVE_CLIENT_SECRET", "wrong"), append(args, "--json")...)
	browse(t, wrong.url, "1", "allow")
	got := wrong.end()
	got.wants(t, exitFailed, `"code":"invalid_client"`, "")
	if o := got.object(t); field(o, "error", "outcome") != "answered" || field(o, "error", "status") != 400.0 {
		t.Errorf("%s", got.stdout)
	}

	// Others who can reach the port neither begin a flow nor end the waiting.
	forged := startLogin(t, env, args...)
	callback, _, _ := strings.Cut(forged.url, "?")
	stranger := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for query, want := range map[string]int{
		"code=x&state=y": http.StatusBadRequest, "error=user_denied&state=y": http.StatusBadRequest,
		"error=user_denied": http.StatusForbidden, "code=x": http.StatusForbidden, "": http.StatusForbidden, "start=x": http.StatusForbidden,
	} {
		resp, err := stranger.Get(callback + "?" + query)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: a stranger was answered %s, want %d", query, resp.Status, want)
		}
	}
	browse(t, forged.url, "1", "allow")
	forged.end().wants(t, exitDone, "Logged in", "the state does not fit")

	interrupted := startLogin(t, env, args...)
	interrupted.cancel()
	interrupted.end().wants(t, exitFailed, "", "nobody is logged in")
	if got := server.TokenCalls(); got.Codes != 1 {
		t.Errorf("the token calls are %+v", got)
	}
}

func TestLoginSettingsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	_, good := oauthApp(t, emulator.Config{})
	for name, c := range map[string]struct {
		env  vars
		args string
		want string
	}{
		"no app":                {vars{}, "login --redirect-url http://127.0.0.1:0", "PIPEDRIVE_CLIENT_SECRET"},
		"no client id":          {good.with("PIPEDRIVE_CLIENT_ID", ""), "logout", "set PIPEDRIVE_CLIENT_ID"},
		"two secrets":           {good.with("PIPEDRIVE_CLIENT_SECRET_FILE", "x"), "logout", "are both set"},
		"no such secret":        {good.with("PIPEDRIVE_CLIENT_SECRET", "").with("PIPEDRIVE_CLIENT_SECRET_FILE", "no-such-file"), "logout", "no-such-file"},
		"no store":              {good.with("PIPEDRIVE_STORE", ""), "logout", "use --store"},
		"no URL":                {good, "login --redirect-url callback", "--redirect-url is not a URL"},
		"elsewhere":             {good, "login --redirect-url https://tunnel.example/callback", "set --addr"},
		"plain http, elsewhere": {good, "login --redirect-url http://tunnel.example/callback --addr 127.0.0.1:0", "https"},
		"OAuth over plain http": {good.with("PIPEDRIVE_OAUTH_URL", "http://oauth.example"), "logout", "https"},
		"nobody":                {good, "logout", "nobody is logged in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pdchannels(t, c.env, strings.Fields(c.args)...).wants(t, exitUsage, "", c.want)
		})
	}
	taken := startLogin(t, good, "--redirect-url", "http://127.0.0.1:0")
	pdchannels(t, good, "login", "--redirect-url", taken.url).wants(t, exitFailed, "", "address already in use")
	taken.cancel()
	taken.end()
}

func TestALoginBehindATunnel(t *testing.T) {
	t.Parallel()
	const tunnel = "https://tunnel.example/callback"
	_, env := oauthApp(t, emulator.Config{RedirectURLs: []string{tunnel}})
	r := startLogin(t, env, "--redirect-url", tunnel, "--addr", "127.0.0.1:0")
	if !strings.HasPrefix(r.url, tunnel+"?start=") {
		t.Errorf("told to open %s", r.url)
	}
	r.cancel()
	r.end()
}

func TestLogoutWithoutAServer(t *testing.T) {
	t.Parallel()
	server, env := oauthApp(t, emulator.Config{})
	logIn(t, env, "1").wants(t, exitDone, "Logged in", "")
	off := env.with("PIPEDRIVE_OAUTH_URL", "http://127.0.0.1:1")
	pdchannels(t, off, "logout").wants(t, exitFailed, "", "--local deletes them")
	pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
	pdchannels(t, off, "logout", "--local").wants(t, exitDone, "The app is still installed", "")
	pdchannels(t, env, "probe").wants(t, exitUsage, "", "nobody is logged in")
	if len(server.Installations()) != 1 {
		t.Error("the app was uninstalled")
	}
}

func TestTheBrowserIsOpenedIfAskedFor(t *testing.T) {
	t.Parallel()
	_, env := oauthApp(t, emulator.Config{})
	for _, fails := range []error{nil, errors.New("no desktop")} {
		ctx, cancel := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		opened := ""
		e := &environment{
			getenv: env.getenv, stdout: &output{to: &stdout}, stderr: &output{to: &stderr},
			browse: func(target string) error { opened = target; cancel(); return fails },
		}
		l := login{redirectURL: "http://127.0.0.1:0/callback", open: true}
		if err := l.run(ctx, e); err == nil {
			t.Error("logged in without a browser")
		}
		if u, err := url.Parse(opened); err != nil || u.Path != "/callback" || strings.Contains(stderr.String(), "no desktop") != (fails != nil) {
			t.Errorf("opened %q; %s", opened, stderr.String())
		}
	}
}
