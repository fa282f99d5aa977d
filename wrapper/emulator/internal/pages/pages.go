// Package pages is the emulator's face in a browser: an inbox like the one that users of Pipedrive have, and
// an inspector of what went over the wire. Pages are made by html/template and work without JavaScript; with it a page asks
// for itself again when the event stream says that something changed, and puts what is new in place.
//
// The package shows what its [Source] tells and keeps nothing itself. Everything that an app or a client sent is text here: no
// inline script or style, a content security policy with Trusted Types, links to http and https alone, and files as
// downloads unless they are pictures of a kind that cannot carry code.
package pages

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// policy lets a page load what this server serves, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types pdchannels"

// maxReply bounds a reply with its files.
const maxReply = 32 << 20

// Config says what pages need.
type Config struct {
	Source Source
	// Prefix is where the pages are mounted, without a slash at its end; empty: at the root.
	Prefix string
	// Events is the path of the event stream, whose events make pages ask for themselves again.
	Events string
	Log    *slog.Logger
}

type handler struct {
	Config
	templates *template.Template
}

// New returns the handler of the pages. Whoever mounts it has checked the Host header, and the origin of what
// changes something.
func New(c Config) (http.Handler, error) {
	h := &handler{Config: c}
	var err error
	h.templates, err = template.New("").Funcs(functions(c)).ParseFS(templateFiles, "templates/*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("the pages' templates: %w", err)
	}
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.inbox)
	mux.HandleFunc("POST /reply", h.reply)
	mux.HandleFunc("GET /file", h.file)
	mux.HandleFunc("GET /avatar", h.avatar)
	mux.HandleFunc("GET /inspector", h.inspector)
	mux.HandleFunc("GET /connect", h.connect)
	mux.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(static))))
	return http.StripPrefix(c.Prefix, guarded(mux)), nil
}

// guarded sets the headers that keep a page from being used against whoever looks at it.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache") // a new binary may serve another file under the same name
		next.ServeHTTP(w, r)
	})
}

// page is what every template gets.
type page struct {
	Title string
	Room  string // inbox, inspector or connect
	Overview
	Body any
}

// show renders a page as a whole before it sends the first byte, so that a failing template is a 500.
func (h *handler) show(w http.ResponseWriter, status int, name string, p page) {
	var out bytes.Buffer
	if err := h.templates.ExecuteTemplate(&out, name, p); err != nil {
		h.Log.Error("emulator: a page failed", slog.String("page", name), slog.Any("error", err))
		http.Error(w, "This page failed; the emulator's log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}

const (
	rowsOnPage   = 50
	firstLoad    = 60 // messages of a thread; ?messages= asks for more
	mostMessages = 2000
)

// inboxBody is the inbox: the list, and one conversation if one is chosen.
type inboxBody struct {
	Filter
	List
	Open    bool // a conversation is chosen
	Thread  Thread
	Problem string // what became of a reply, or why the conversation does not show
	Draft   string // the reply that was not sent
	Waiting int    // messages shown
}

func (h *handler) inbox(w http.ResponseWriter, r *http.Request) {
	h.showInbox(w, r, http.StatusOK, r.URL.Query(), "", "")
}

func (h *handler) showInbox(w http.ResponseWriter, _ *http.Request, status int, q url.Values, problem, draft string) {
	b := inboxBody{
		Filter:  Filter{Channel: q.Get("channel"), Query: q.Get("q"), Only: q.Get("only"), Offset: number(q, "from", 0, 1<<30), Limit: rowsOnPage},
		Waiting: number(q, "messages", firstLoad, mostMessages), Problem: problem, Draft: draft,
	}
	p := page{Title: "Inbox", Room: "inbox"}
	if conversation := q.Get("c"); conversation != "" {
		thread, err := h.Source.Thread(q.Get("in"), conversation, b.Waiting)
		switch {
		case errors.Is(err, ErrNotFound):
			status, b.Problem = http.StatusNotFound, "There is no such conversation, or no longer."
		case err != nil:
			status, b.Problem = http.StatusInternalServerError, err.Error()
		default:
			b.Open, b.Thread, p.Title = true, thread, thread.Label()+" · Inbox"
		}
	}
	b.List = h.Source.Conversations(b.Filter)
	p.Overview = h.Source.Overview()
	p.Body = b
	if b.All == 0 && len(p.Channels) == 0 && !b.Open && b.Problem == "" {
		h.showConnect(w)
		return
	}
	h.show(w, status, "inbox.gohtml", p)
}

func (h *handler) reply(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxReply)
	if err := r.ParseMultipartForm(1 << 20); err != nil { //nolint:gosec // the body is bounded above
		http.Error(w, "The reply cannot be read; with its files it may be 32 MiB long.", http.StatusBadRequest)
		return
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	user, _ := strconv.ParseInt(r.PostFormValue("user"), 10, 64) // 0, nobody's, if it is none
	reply := Reply{
		Channel: r.PostFormValue("in"), Conversation: r.PostFormValue("c"), User: user,
		Text: strings.ReplaceAll(r.PostFormValue("message"), "\r\n", "\n"), Files: nil,
	}
	for _, f := range r.MultipartForm.File["files"] {
		if f.Filename != "" || f.Size > 0 { // a field without a file comes along empty
			reply.Files = append(reply.Files, f)
		}
	}
	back := url.Values{"in": {reply.Channel}, "c": {reply.Conversation}}
	for _, key := range []string{"channel", "q", "only"} {
		if v := r.PostFormValue(key); v != "" {
			back.Set(key, v)
		}
	}
	if err := h.Source.Reply(r.Context(), reply); err != nil {
		h.showInbox(w, r, http.StatusUnprocessableEntity, back, err.Error(), reply.Text)
		return
	}
	http.Redirect(w, r, h.Prefix+"/?"+back.Encode(), http.StatusSeeOther)
}

// pictures are the types that a browser only ever draws. SVG can carry script.
var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/avif": true}

func (h *handler) file(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, err := h.Source.Attachment(r.Context(), q.Get("in"), q.Get("c"), q.Get("m"), q.Get("id"))
	h.serve(w, f, err, q.Has("show"))
}

func (h *handler) avatar(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, err := h.Source.Avatar(r.Context(), q.Get("in"), q.Get("c"), q.Get("id"))
	h.serve(w, f, err, true)
}

// serve sends a file as a download, or in place if it is to be shown and is a picture.
func (h *handler) serve(w http.ResponseWriter, f File, err error, show bool) {
	if err != nil {
		http.Error(w, "The file cannot be had: "+err.Error(), http.StatusNotFound)
		return
	}
	defer func() { _ = f.Close() }()
	kind, _, err := mime.ParseMediaType(f.Type)
	if err != nil || !pictures[kind] {
		kind, show = "application/octet-stream", false
	}
	disposition := "attachment"
	if show {
		disposition = "inline"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}))
	_, _ = io.Copy(w, f)
}

// inspectorBody is the inspector: the list, and one exchange if one is chosen.
type inspectorBody struct {
	ExchangeFilter
	Causes
	Chosen   int64
	Open     bool
	Exchange Exchange
	Problem  string
}

const causesOnPage = 100

func (h *handler) inspector(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	b := inspectorBody{ExchangeFilter: ExchangeFilter{Query: q.Get("q"), Only: q.Get("only"), Limit: causesOnPage}}
	status := http.StatusOK
	if x := q.Get("x"); x != "" {
		b.Chosen, _ = strconv.ParseInt(x, 10, 64)
		var err error
		if b.Exchange, err = h.Source.Exchange(b.Chosen); err != nil {
			status, b.Problem = http.StatusNotFound, "This exchange is no longer kept, or never was."
		} else {
			b.Open = true
		}
	}
	b.Causes = h.Source.Causes(b.ExchangeFilter)
	h.show(w, status, "inspector.gohtml", page{Title: "Inspector", Room: "inspector", Overview: h.Source.Overview(), Body: b})
}

func (h *handler) connect(w http.ResponseWriter, _ *http.Request) { h.showConnect(w) }

func (h *handler) showConnect(w http.ResponseWriter) {
	h.show(w, http.StatusOK, "connect.gohtml", page{Title: "Connect", Room: "connect", Overview: h.Source.Overview()})
}

// number reads a parameter between 0 and most; what is none of that is otherwise.
func number(q url.Values, key string, otherwise, most int) int {
	n, err := strconv.Atoi(q.Get(key))
	if err != nil || n < 0 {
		return otherwise
	}
	return min(n, most)
}
