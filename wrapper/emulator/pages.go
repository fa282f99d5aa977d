// The pages that people see: rendered from templates, with neither scripts nor sessions.

package emulator

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the templates
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

var (
	//go:embed pages.gohtml
	pagesHTML string

	//go:embed pages.css
	pagesCSS string

	pageTemplates = template.Must(template.New("pages").Funcs(template.FuncMap{
		"users": func(legend string, users []User) userChoice { return userChoice{legend, users} },
		"style": func() template.CSS { return template.CSS(pagesCSS) }, //nolint:gosec // our own file
	}).Parse(pagesHTML))

	// There is no form-action: Chromium holds that against every redirect that follows the form,
	// and where an app's callback leads to is up to the app.
	pagesPolicy = "default-src 'none'; img-src data:; style-src '" + sourceHash(pagesCSS) + "'; " +
		"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// userChoice is what the template users takes.
type userChoice struct {
	Legend string
	Users  []User
}

func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// handlePages adds the pages, and what their forms post to.
func (e *Emulator) handlePages() {
	e.mux.HandleFunc("GET /oauth/authorize", e.serveAuthorize)
	e.mux.HandleFunc("POST /oauth/authorize", e.serveDecision)
	e.mux.HandleFunc("GET "+marketplacePath, e.serveMarketplace)
	e.mux.HandleFunc("POST "+marketplacePath+"/install", e.serveInstall)
	e.mux.HandleFunc("POST "+marketplacePath+"/uninstall", e.serveUninstall)
}

// page writes a page. No cache keeps it, and no page of another site may frame it.
func (e *Emulator) page(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, data); err != nil {
		e.failed(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagesPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that went away is no error
}

// pageProblem says on a page why a request cannot be carried out.
func (e *Emulator) pageProblem(w http.ResponseWriter, r *http.Request, problem string) {
	e.page(w, r, http.StatusBadRequest, "problem", problem)
}

// pageForm reads what a form of these pages has posted. If ok is false it has answered. That
// it was posted by a page of ours, the judge has seen before.
func (e *Emulator) pageForm(w http.ResponseWriter, r *http.Request) (form url.Values, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		e.pageProblem(w, r, "the form could not be read: "+err.Error())
		return nil, false
	}
	return r.PostForm, true
}
