package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pdchannels/pdchannels/examples/messenger/app"
	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// browser is one Chromium for all tests; each has its own cookies and tabs in it.
var browser context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("disable-gpu", true))
	if path := os.Getenv("CHROMIUM"); path != "" {
		opts = append(opts, chromedp.ExecPath(path))
	} else if path, err := exec.LookPath("chromium"); err == nil {
		opts = append(opts, chromedp.ExecPath(path))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stop()
	var cancel context.CancelFunc
	browser, cancel = chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintln(os.Stderr, "tests/browser: Chromium does not start: install Debian's chromium, or name one in CHROMIUM:", err)
		return 1
	}
	return m.Run()
}

// sides are an emulator and the example messenger, installed in it.
type sides struct {
	inbox, phone string
	client       *channels.Client // of the API, as a second program of the app
}

// start runs both sides until the test ends.
func start(t *testing.T) sides {
	t.Helper()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	inbox, phone := listen(), listen()
	s := sides{inbox: "http://" + inbox.Addr().String(), phone: "http://" + phone.Addr().String()}
	messenger, err := app.New(app.Config{URL: s.phone, ClientID: "app", ClientSecret: auth.NewSecret("app-secret-of-tests"), OAuthURL: s.inbox})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal(messenger.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	pipedrive, err := emulator.New(emulator.Config{ClientID: "app", ClientSecret: emulator.NewSecret("app-secret-of-tests"), Provider: emulator.Provider{Manifest: manifest}})
	if err != nil {
		t.Fatal(err)
	}
	if s.client, err = channels.NewClient(channels.APIToken(pipedrive.APIToken()), channels.WithBaseURL(s.inbox+"/v1")); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Go(func() {
		if err := pipedrive.Serve(ctx, inbox); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		if err := messenger.Serve(ctx, phone); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); both.Wait() })
	s.install(t)
	return s
}

// install walks from the messenger to the emulator's page and back, as its user does.
func (s sides) install(t *testing.T) {
	t.Helper()
	tab := open(t, s.phone+"/oauth/callback")
	tab.do(chromedp.WaitVisible(chromedp.CSS("button")))
	tab.eval("[...document.querySelectorAll('button')].find(b => /allow/i.test(b.textContent)).click()")
	tab.waitURL(s.phone)
}
