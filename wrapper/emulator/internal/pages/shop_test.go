package pages_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/pages"
)

var now = time.Date(2026, 11, 28, 8, 41, 12, 0, time.UTC)

// shop is a source with a bicycle shop's conversations.
type shop struct {
	mu        sync.Mutex
	threads   []pages.Thread
	overview  pages.Overview
	causes    pages.Causes
	exchanges map[int64]pages.Exchange
	replies   []pages.Reply
	refuse    error
	file      string
}

func newShop() *shop {
	at := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	thread := func(id, name string, messages ...pages.Message) pages.Thread {
		return pages.Thread{
			Row:         pages.Row{ChannelID: "whatsapp-1", ConversationID: id, CustomerID: id, Name: name, Last: messages[len(messages)-1]},
			ChannelName: "Rosa’s Bicycles on WhatsApp", ChannelType: "whatsapp", Status: "open", Messages: messages, Total: len(messages), CanReply: true,
			Users:        []pages.User{{ID: 1, Name: "Rosa Lindqvist"}, {ID: 2, Name: "Kwame Mensah"}},
			Participants: []pages.Participant{{ID: id, Name: name, Role: "end_user"}, {ID: "rosa", Name: "Rosa Lindqvist", Role: "source_user"}},
		}
	}
	nils := thread("nils", "Nils Ferdinand Holgersson",
		pages.Message{ID: "m-30", Text: "Hi! My rear wheel clicks when I pedal uphill. Is that bad?", At: at(2300), Status: "read", Exchange: 1},
		pages.Message{ID: "m-31", Ours: true, Text: "Good evening Nils. Can you send a picture of the chain?", At: at(2290), Status: "read"},
		pages.Message{ID: "m-32", Text: "Here it is, many winters old 🙂", At: at(12), Status: "read", Exchange: 2, Attachments: []pages.Attachment{
			{ID: "a-1", Name: "chain.png", Type: "image/png", Size: 88 << 10, Here: true, URL: "https://messenger.example/chain.png"},
			{ID: "a-2", Name: "service-history-2019-to-2026-with-all-receipts.pdf", Type: "application/pdf", Size: 1258291, URL: "https://messenger.example/h.pdf", Expires: true}}},
		pages.Message{ID: "m-38", Text: strings.Repeat("October 2019: new cable, no change. Winter: salt. ", 30), At: at(11), Status: "read", Exchange: 3},
		pages.Message{ID: "m-41", Ours: true, Text: "And this is the frame that I spoke of.", At: at(3), Status: "failed", Problem: "The app refused it: the file is larger than 16 MB", Code: "400 INVALID_BODY", Exchange: 4},
		pages.Message{ID: "m-42", Ours: true, Text: "Nine is fine. Coffee is on the house ☕", At: at(1), Status: "delivered", Exchange: 5},
		pages.Message{ID: "m-43", Ours: true, Text: "The drawing comes by mail.", At: now.Add(-12 * time.Second), Exchange: 6})
	nils.ReplyBy, nils.Link = now.Add(42*time.Minute+17*time.Second), "https://messenger.example/c/nils"
	nils.Templates = []pages.Template{{ID: "t", Name: "Ready to collect", Language: "en", Content: "Hi {{1}}, your {{2}} is ready. We are open until six."}}
	dora := thread("dora", "Dora Alexandrakis-Wellington of Lower Harbour", pages.Message{ID: "d-1", Text: "Is the blue one still in stock? 🚲", At: at(2), Status: "read"})
	dora.Unread = 2
	yousef := thread("yousef", "يوسف عبد الرحمن الحدّاد", pages.Message{ID: "y-1", Text: "هل الدراجة الزرقاء جاهزة؟ شكرًا جزيلًا لكم", At: at(5), Status: "read"})
	yousef.Unread = 1
	failed := thread("priya", "Priya 🌻 Raghunathan", pages.Message{ID: "p-1", Ours: true, Text: "Your fork is ready, you can collect it today", At: at(10), Status: "failed", Problem: "no answer"})
	hostile := thread(`"><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, pages.Message{ID: "h", Text: "<script>alert(1)</script> \u202e javascript:alert(1)", At: at(3000),
		Attachments: []pages.Attachment{{ID: "j", Name: "click me", Type: "text/html", URL: "javascript:alert(1)"}}})
	hostile.Link = "javascript:alert(1)"
	closed := thread("emile", "Émile Lacroix", pages.Message{ID: "e-1", Text: "Merci, à bientôt", At: at(6000), Status: "read"})
	closed.Closed, closed.CanReply, closed.Status, closed.WhyNot = true, false, "closed", "The app closed this conversation."
	call := func(n int64, depth int, toApp bool, name, about string, status int, v pages.Verdict, offset, took time.Duration) pages.Call {
		return pages.Call{Number: n, Depth: depth, ToApp: toApp, Name: name, About: about, Status: status, Verdict: v, Offset: offset, Took: took}
	}
	ms := time.Millisecond
	refused := call(208, 0, false, "receiveMessage", "m-40 from dora", 400, pages.Refused, 0, 3*ms)
	return &shop{
		threads: []pages.Thread{nils, dora, yousef, failed, closed, hostile},
		overview: pages.Overview{Now: now, BaseURL: "http://127.0.0.1:8484/v1", App: "127.0.0.1:3000", Unread: 2, InstallURL: "/marketplace",
			Channels:    []pages.Channel{{ID: "whatsapp-1", Name: "Rosa’s Bicycles on WhatsApp"}, {ID: "page-2", Name: "Workshop page"}},
			Credentials: []pages.Credential{{Name: "PIPEDRIVE_BASE_URL", Value: "http://127.0.0.1:8484/v1"}, {Name: "PIPEDRIVE_ACCESS_TOKEN", Value: "emulator-access-7Q2MZK4V"}}},
		causes: pages.Causes{All: 9, Refused: 1, Broken: 1, Lenient: 1, Causes: []pages.Cause{
			{Title: "Reply: “Nine is fine. Coffee is on the house ☕”", At: at(1), Took: 2100 * ms, Calls: []pages.Call{
				call(5, 0, true, "postMessage", "to nils, as rosa", 200, "", 0, 38*ms), call(7, 1, false, "receiveMessage", "m-42 sent", 200, "", 80*ms, 3*ms), call(8, 1, false, "receiveMessage", "m-42 delivered", 200, "", 2000*ms, 3*ms)}},
			{Title: "The app called", At: at(1), Took: 3 * ms, Calls: []pages.Call{refused}},
			{Title: "Channel whatsapp-1 added", At: at(39), Took: 612 * ms, Calls: []pages.Call{
				call(1, 0, false, "addChannel", "Rosa’s Bicycles on WhatsApp", 200, "", 0, 4*ms), call(2, 1, true, "getConversations", "page 1: 30 conversations", 200, "", 12*ms, 88*ms),
				func() pages.Call {
					c := call(3, 1, true, "getConversations", "page 2: 8, one with 3 participants", 200, pages.Broken, 105*ms, 71*ms)
					c.Note = "Page 3 was not requested: the cursor “c-next” repeats"
					return c
				}(),
				call(4, 1, true, "getTemplates", "3 templates", 200, pages.Lenient, 190*ms, 19*ms)}},
		}},
		exchanges: map[int64]pages.Exchange{208: {
			Call: refused, At: now, Method: "POST", URL: "http://127.0.0.1:8484/v1/channels/messages/receive",
			Findings:      []pages.Finding{{Where: "/conversation_link", Text: "is null, and must be a string", Provenance: pages.Documented, Source: "[ref]"}, {Where: "/created_at", Text: "has seconds", Lenient: true, Provenance: pages.Seen, Source: "public apps send it so"}},
			Rules:         []pages.Rule{{Text: "status 400, code INVALID_RECEIVE_MESSAGE_PAYLOAD", Provenance: pages.Documented, Source: "[ref]"}, {Text: "the order of the checks", Provenance: pages.OurChoice}},
			RequestHeader: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer (hidden)"}}, RequestBody: `{"id":"m-40","conversation_link":null}`,
			ResponseHeader: http.Header{"Content-Type": {"application/json"}}, ResponseBody: `{"success":false,"error":"conversation_link is null"}`, RequestSize: 312, ResponseSize: 168, Curl: "curl -X POST …",
		}},
	}
}

func (s *shop) Overview() pages.Overview { return s.overview }

func (s *shop) Conversations(f pages.Filter) pages.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := pages.List{All: len(s.threads), Unread: 2, Closing: 1, Failed: 1}
	for _, t := range s.threads {
		if strings.Contains(strings.ToLower(t.Name+t.Last.Text), strings.ToLower(f.Query)) && (f.Only != "unread" || t.Unread > 0) {
			l.Total++
			l.Rows = append(l.Rows, t.Row)
		}
	}
	return l
}

func (s *shop) Thread(channel, conversation string, _ int) (pages.Thread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.threads {
		if t.ConversationID == conversation && t.ChannelID == channel {
			return t, nil
		}
	}
	return pages.Thread{}, pages.ErrNotFound
}

func (s *shop) Reply(_ context.Context, r pages.Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, r)
	return s.refuse
}

func (s *shop) Attachment(_ context.Context, _, _, _, id string) (pages.File, error) {
	if id != "a-1" {
		return pages.File{}, errors.New("the link has expired")
	}
	kind, content := "image/png", string(png)
	if s.file != "" {
		kind, content = s.file, "<script>alert(1)</script>"
	}
	return pages.File{ReadCloser: io.NopCloser(strings.NewReader(content)), Type: kind, Name: `chain "1".png`}, nil
}

func (s *shop) Avatar(context.Context, string, string, string) (pages.File, error) {
	return pages.File{}, pages.ErrNotFound
}

func (s *shop) Causes(pages.ExchangeFilter) pages.Causes { return s.causes }

func (s *shop) Exchange(n int64) (pages.Exchange, error) {
	x, ok := s.exchanges[n]
	if !ok {
		return x, pages.ErrNotFound
	}
	return x, nil
}

// png is a picture of one pixel.
var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

func serve(t *testing.T, s *shop) http.Handler {
	t.Helper()
	h, err := pages.New(pages.Config{Source: s, Events: "/_emulator/events", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

// With PAGES_ADDR set it goes on serving the shop there, for somebody who wants to look at it.
func TestEveryPageRenders(t *testing.T) {
	t.Parallel()
	s := newShop()
	h := serve(t, s)
	for _, target := range []string{"/", "/?in=whatsapp-1&c=nils", "/?in=whatsapp-1&c=emile", "/?q=zzz", "/inspector", "/inspector?x=208", "/connect"} {
		w := get(h, target)
		if w.Code != http.StatusOK || !strings.HasSuffix(strings.TrimSpace(w.Body.String()), "</html>") {
			t.Errorf("%s: %d, ends in %.80q", target, w.Code, w.Body.String()[max(0, w.Body.Len()-80):])
		}
	}
	if addr := os.Getenv("PAGES_ADDR"); addr != "" {
		fmt.Println(http.ListenAndServe(addr, h)) //nolint:gosec // for looking at it by hand
	}
}
