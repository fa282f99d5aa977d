// The customer's phone: a page that works without JavaScript, and is alive with it.

package app

import (
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

//go:embed static
var static embed.FS

const (
	maxForm     = 1<<20 + 64<<10 // a file of 1 MiB, and the fields
	maxText     = 4000           // letters
	maxName     = 60
	somebodyNew = "new"
	policy      = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types phone"
)

func (a *App) phone() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page)
	mux.HandleFunc("GET /stream", a.stream)
	mux.HandleFunc("GET /pictures/{key}", a.picture)
	mux.HandleFunc("POST /messages", a.postText)
	mux.HandleFunc("POST /again", func(w http.ResponseWriter, r *http.Request) {
		a.again(r.FormValue("who"), r.FormValue("id"))
		back(w, r)
	})
	mux.HandleFunc("POST /seen", func(w http.ResponseWriter, r *http.Request) {
		a.seen(r.FormValue("who"))
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /settings", func(w http.ResponseWriter, r *http.Request) {
		_ = r.FormValue("") // reads the form
		a.change(func() { a.settings = settings{r.Form.Has("receipts"), r.Form.Has("confirm"), r.Form.Has("online")} })
		back(w, r)
	})
	mux.Handle("GET /static/", http.FileServerFS(static))
	return onThisMachine(http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		mux.ServeHTTP(w, r)
	})))
}

// onThisMachine refuses everybody else: the page lets anybody write as a customer. Host is checked against names that a
// hostile page has resolve to this machine, and the address against a caller that names any Host.
func onThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) || !isLoopback(r.RemoteAddr) {
			http.Error(w, "The phone is served on this machine only: open it under localhost.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/?who="+url.QueryEscape(r.FormValue("who")), http.StatusSeeOther)
}

// postText takes what a customer wrote.
func (a *App) postText(w http.ResponseWriter, r *http.Request) {
	var tooLong *http.MaxBytesError
	if err := r.ParseMultipartForm(maxForm); errors.As(err, &tooLong) { //nolint:gosec // the body is bounded where the phone is mounted
		a.refuse(w, r, http.StatusRequestEntityTooLarge, "A file may have 1 MB at most.")
		return
	} else if err != nil {
		a.refuse(w, r, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	message := provider.Message{Message: strings.TrimSpace(strings.ToValidUTF8(r.FormValue("message"), "\ufffd"))}
	who, name := r.FormValue("who"), strings.TrimSpace(strings.ToValidUTF8(r.FormValue("name"), "\ufffd"))
	switch {
	case utf8.RuneCountInString(message.Message) > maxText:
		a.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("A message may have %d letters at most.", maxText))
		return
	case who == somebodyNew && (name == "" || len(name) > maxName):
		a.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("Who are you? A name has 1 to %d letters.", maxName))
		return
	}
	for _, header := range r.MultipartForm.File["file"] {
		file, err := header.Open()
		if err != nil {
			continue
		}
		key, err := a.messenger.ReceiveFile(r.Context(), provider.ReceiveFileRequest{Content: file})
		_ = file.Close()
		if err != nil {
			a.refuse(w, r, http.StatusRequestEntityTooLarge, "A file may have 1 MB at most.")
			return
		}
		kind, _, err := mime.ParseMediaType(header.Header.Get("Content-Type"))
		if err != nil {
			kind = "application/octet-stream"
		}
		message.Attachments = append(message.Attachments, provider.Attachment{
			ID: key, Type: kind, Name: strings.ToValidUTF8(header.Filename, "_"), Size: float64(header.Size), LinkExpires: true,
		})
	}
	if message.Message == "" && message.Attachments == nil {
		back(w, r)
		return
	}
	if who == somebodyNew {
		who = "customer-" + strings.ToLower(rand.Text()[:8])
		a.messenger.Name(who, name)
	} else if a.conversation(who).ID == "" {
		a.refuse(w, r, http.StatusBadRequest, "There is no such customer.")
		return
	}
	if err := a.write(who, message); err != nil {
		a.refuse(w, r, http.StatusInsufficientStorage, "The messenger is full. Start it anew.")
		return
	}
	http.Redirect(w, r, "/?who="+url.QueryEscape(who), http.StatusSeeOther)
}

// stream sends an event at each change, as long as the page is open.
func (a *App) stream(w http.ResponseWriter, r *http.Request) {
	conn := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "retry: 500\n\n")
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	for {
		a.mu.Lock()
		version, changed := a.version, a.changed
		a.mu.Unlock()
		_ = conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
		_, err := fmt.Fprintf(w, "id: %d\ndata: %d\n\n", version, version)
		if err = errors.Join(err, conn.Flush()); err != nil {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
		case <-r.Context().Done():
			return
		case <-a.stopped:
			return
		}
	}
}

// picture shows a file on the page if it is a picture that no browser takes for anything else.
func (a *App) picture(w http.ResponseWriter, r *http.Request) {
	for _, m := range a.conversation(r.FormValue("who")).Messages {
		for _, f := range m.Attachments {
			if f.ID == r.PathValue("key") && isPicture(f.Type) {
				w.Header().Set("Content-Type", f.Type)
				_, _ = w.Write(a.messenger.File(f.ID)) // fails only if the browser has left
				return
			}
		}
	}
	http.NotFound(w, r)
}

func isPicture(kind string) bool {
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}
