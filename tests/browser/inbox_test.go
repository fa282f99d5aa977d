package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// pick chooses the conversation whose row shows a text.
func (b *tab) pick(text string) {
	b.t.Helper()
	b.sees(".row", text)
	b.eval(fmt.Sprintf("[...document.querySelectorAll('.row')].find(r => r.textContent.includes(%q)).click()", text))
	b.wait("the conversation", "document.querySelector('#thread-head')")
}

// What is written on the phone appears in the inbox; what is answered there, with a file, appears on the phone, and the
// ticks move by themselves.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	s := start(t)
	phone, inbox := open(t, s.phone), open(t, s.inbox)
	phone.write("Is the blue one still in stock?")
	inbox.pick("Is the blue one still in stock?")
	inbox.sees(".bubble", "Is the blue one still in stock?")

	file := filepath.Join(t.TempDir(), "offer.txt")
	if err := os.WriteFile(file, []byte("45 euros"), 0o600); err != nil {
		t.Fatal(err)
	}
	inbox.do(chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{file}))
	inbox.sees(".chip", "offer.txt")
	inbox.write("It is. The offer is attached.")
	phone.sees(".bubble", "It is. The offer is attached.")
	phone.sees(".file", "offer.txt")
	inbox.sees(".us .bubble", "It is. The offer is attached.")
	inbox.wait("the reply to be read", "document.querySelector('.us:last-child .tick.read')")
	inbox.sees(".us .file", "offer.txt")
	if left := value[string](inbox, "document.querySelector('#text').value"); left != "" {
		t.Errorf("the reply box still has %q", left)
	}
	inbox.picture("inbox")
	phone.picture("phone")

	inspector := inbox.another(s.inbox + "/inspector")
	inspector.sees(".op", "postMessage")
	inspector.eval("[...document.querySelectorAll('.ex')].find(e => e.textContent.includes('postMessage')).click()")
	inspector.sees(".detail-head", "postMessage")
	inspector.picture("inspector")
}

// Ten tabs show what happens; HTTP/1.1 allows six connections to a host, so they share one stream.
func TestTenTabs(t *testing.T) {
	t.Parallel()
	s := start(t)
	tabs := []*tab{open(t, s.inbox)}
	for len(tabs) < 10 {
		tabs = append(tabs, tabs[0].another(s.inbox))
	}
	for _, b := range tabs {
		b.sees("[data-live]", "Live")
	}
	open(t, s.phone).write("Hello to ten tabs")
	for _, b := range tabs {
		b.sees(".row", "Hello to ten tabs")
	}
}

// A page says when it lost the emulator, and catches up when that is back, with nothing missed.
func TestReconnect(t *testing.T) {
	t.Parallel()
	s := start(t)
	line := newLine(t, s.inbox)
	inbox := open(t, line.url)
	inbox.sees("[data-live]", "Live")
	line.cut()
	inbox.sees("[data-live]", "Connection lost")
	open(t, s.phone).write("Written while you were away")
	line.mend()
	inbox.sees("[data-live]", "Live")
	inbox.sees(".row", "Written while you were away")
}

// Without JavaScript the inbox reads, and a reply goes by a form.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := start(t)
	phone := open(t, s.phone)
	phone.write("Can you read this?")
	phone.wait("the message to be delivered", "document.querySelector('.own:last-child .tick[title^=delivered], .own:last-child .tick.read')")

	b := open(t, "about:blank")
	b.withoutScripts()
	b.do(chromedp.Navigate(s.inbox), chromedp.Click(chromedp.CSS(".rows li:first-child a")), chromedp.WaitVisible(chromedp.CSS("#text")))
	b.picture("thread")
	b.do(chromedp.SendKeys(chromedp.CSS("#text"), "Yes, without a script."), chromedp.Click(chromedp.CSS("#reply .main")))
	phone.sees(".bubble", "Yes, without a script.")
	b.do(chromedp.Navigate(s.inbox+"/inspector"), chromedp.Click(chromedp.CSS(".ex:not(.heads)")), chromedp.WaitVisible(chromedp.CSS(".detail-head")))
}

// Search, choose, answer and move between rooms with the keyboard alone.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	phone := open(t, s.phone)
	phone.write("Reply to me by keyboard")
	b := open(t, s.inbox)
	b.sees(".row", "Reply to me by keyboard")
	b.press("/")
	b.wait("the search field to have the focus", "document.activeElement.type === 'search'")
	b.enter("keyboard")
	b.press("Enter")
	b.wait("one row", "document.querySelectorAll('.row').length === 1")
	b.press("ArrowDown")
	b.wait("the row to have the focus", "document.activeElement.matches('.row')")
	b.press("Enter")
	b.wait("the conversation", "document.querySelector('#thread-head')")
	b.press("r")
	b.wait("the reply box to have the focus", "document.activeElement.id === 'text'")
	b.enter("Typed")
	b.press("Enter")
	phone.sees(".bubble", "Typed")
	b.wait("the reply to be taken", "!document.querySelector('#reply .main').disabled")
	b.press("Escape", "?")
	b.wait("the list of keys", "document.querySelector('#keys').open")
	b.press("Escape", "2")
	b.wait("the inspector", "document.body.dataset.room === 'inspector'")
}

// Texts that were meant to do harm, or are merely large, are shown as texts, and the page keeps its shape.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	s := start(t)
	inbox := open(t, s.inbox)
	for name, text := range map[string]string{
		"script":     `<script>alert(1)</script><img src=x onerror=alert(1)>`,
		"javascript": `javascript:alert(1)`,
		"bidi":       "\u202egnol si siht\u202c \u2066\u2067nested",
		"wide":       strings.Repeat("W", 100_000),
		"emoji":      strings.Repeat("🚲", 10_000),
		"combining":  "Z" + strings.Repeat("\u0301", 500),
	} {
		_, err := s.client.ReceiveMessage(t.Context(), channels.ReceiveMessageRequest{
			ID: "hostile-" + name, ProviderChannelID: messenger.Channel, ConversationID: "<b>" + name + `"'`, SenderID: name + "<script>",
			Message: name + ": " + text, Status: channels.StatusSent, CreatedAt: time.Now(), ConversationLink: "https://messenger.example/?<script>",
			Attachments: []channels.Attachment{{ID: "<img>", Type: "text/html", Name: "<script>alert(1)</script>.html", URL: "https://messenger.example/a.html"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		inbox.sees(".row-text", name+":")
	}
	for _, name := range []string{"script:", "bidi:", "wide:", "combining:"} {
		inbox.pick(name)
	}
	inbox.pick("emoji:")
	for _, width := range []int64{1440, 390} {
		inbox.size(width, 800)
		if over := value[int](inbox, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
			t.Errorf("at %d px the page is %d px too wide", width, over)
		}
	}
	if foreign := value[int](inbox, "document.querySelectorAll('.messages script, .messages img[src=x], .rows script').length"); foreign != 0 {
		t.Errorf("%d elements came from texts", foreign)
	}
	inbox.picture("emoji")
}

// axe-core finds nothing on any page, in light and dark, wide and on a phone.
func TestAccessible(t *testing.T) {
	t.Parallel()
	s := start(t)
	phone := open(t, s.phone)
	phone.write("Hello")
	phone.accessible("the phone")
	b := open(t, s.inbox)
	b.pick("Hello")
	b.write("Hi")
	b.sees(".us .bubble", "Hi")
	thread := value[string](b, "location.href")
	for _, look := range []string{"light", "dark", "phone"} {
		switch look {
		case "dark":
			b.dark()
		case "phone":
			b.size(390, 844)
		}
		for name, url := range map[string]string{"inbox": s.inbox, "thread": thread, "inspector": s.inbox + "/inspector", "connect": s.inbox + "/connect"} {
			b.do(chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#main, #rows")))
			b.accessible(name + ", " + look)
			b.save(look + "-" + name + ".png")
			if over := value[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
				t.Errorf("%s, %s: %d px too wide", name, look, over)
			}
		}
	}
}
