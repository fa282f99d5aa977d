package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp's handle of a tab is a context
}

// open opens an address in a new window of a profile of its own.
func open(t *testing.T, url string) *tab {
	t.Helper()
	return openIn(t, url, chromedp.WithNewBrowserContext())
}

func openIn(t *testing.T, url string, opts ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, opts...)
	t.Cleanup(cancel)
	b := newTab(t, ctx)
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(url))
	return b
}

// another opens an address in another tab of the same profile.
func (b *tab) another(url string) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	n := newTab(b.t, ctx)
	n.do(chromedp.Navigate(url))
	return n
}

// newTab fails the test for what a page must not do: open a dialog, throw, or break its own policy.
func newTab(t *testing.T, ctx context.Context) *tab { //nolint:revive // t comes first in helpers
	t.Helper()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *page.EventJavascriptDialogOpening:
			t.Errorf("a dialog opened: %s", ev.Message)
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %s %s", ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception.Description)
		case *log.EventEntryAdded:
			if ev.Entry.Source == "security" || strings.Contains(ev.Entry.Text, "Content Security Policy") {
				t.Errorf("the browser says: %s", ev.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return &tab{t, ctx}
}

// patience bounds each step: the machine may be busy.
const patience = 30 * time.Second

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.picture("failed")
		b.t.Fatalf("%v; shots/%s shows the page", err, b.name("failed"))
	}
}

func (b *tab) eval(script string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void]("void(" + script + ")"))
}

// wait waits until a page is loaded, scripts and all, and an expression is true; also across the loading of another page.
func (b *tab) wait(what, condition string) {
	b.t.Helper()
	if err := b.until(func(ctx context.Context) (bool, error) {
		return chromedp.Run(ctx, chromedp.Evaluate[bool]("document.readyState === 'complete' && !!("+condition+")"))
	}); err != nil {
		b.picture("failed")
		b.t.Fatalf("waiting for %s: %v; shots/%s shows the page", what, err, b.name("failed"))
	}
}

// until asks again and again. An error can be that of a page that is being replaced.
func (b *tab) until(ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		yes, err := ask(ctx)
		if yes && err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// sees waits until an element with a text is in view.
func (b *tab) sees(selector, text string) {
	b.t.Helper()
	b.wait(selector+" with "+strconv.Quote(text), fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.offsetParent && e.textContent.includes(%q))", selector, text))
}

func (b *tab) waitURL(prefix string) {
	b.t.Helper()
	var url string
	if err := b.until(func(ctx context.Context) (yes bool, err error) {
		url, err = chromedp.Run(ctx, chromedp.Location())
		return strings.HasPrefix(url, prefix), err
	}); err != nil {
		b.t.Fatalf("the browser is at %s, want %s…: %v", url, prefix, err)
	}
}

// value evaluates an expression.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// press presses and releases a key, as hardware does: a page that prevents its default keeps the character out of a field.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		text := ""
		if len(key) == 1 {
			text = key
		} else if key == "Enter" {
			text = "\r"
		}
		code := map[string]int64{"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}[key]
		b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
				if kind == input.DispatchKeyEventTypeKeyUp {
					text = ""
				}
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: key, Text: text, WindowsVirtualKeyCode: code}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// enter types a text where the focus is.
func (b *tab) enter(text string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// write types a text into the box of the page and sends it.
func (b *tab) write(text string) {
	b.t.Helper()
	b.wait("a text box", "document.querySelector('#text')?.offsetParent")
	b.eval("document.querySelector('#text').focus()")
	b.enter(text)
	b.press("Enter")
}

func (b *tab) size(width, height int64) { b.t.Helper(); b.do(chromedp.EmulateViewport(width, height)) }

// dark switches the colours that the reader prefers.
func (b *tab) dark() {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		return err
	}))
}

// withoutScripts switches JavaScript off for pages that are opened from now on.
func (b *tab) withoutScripts() {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

func (b *tab) name(what string) string {
	return strings.NewReplacer("Test", "", "/", "-").Replace(b.t.Name()) + "-" + what + ".png"
}

// picture keeps a screenshot in shots/.
func (b *tab) picture(what string) { b.save(b.name(what)) }

func (b *tab) save(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll("shots", 0o750)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join("shots", name), shot, 0o600)
	}
	if err != nil {
		b.t.Errorf("no screenshot: %v", err)
	}
}

// axe is the source of axe-core.
var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	return string(text), err
})

// accessible fails the test for each violation that axe-core finds.
func (b *tab) accessible(what string) {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		b.t.Fatalf("axe-core is not installed, make test-browser does that: %v", err)
	}
	b.do(chromedp.Evaluate[chromedp.Void](source + ";void 0"))
	found := value[[]string](b, `axe.run().then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target + ": " + n.failureSummary)))`)
	for _, violation := range found {
		b.t.Errorf("%s: %s", what, violation)
	}
}
