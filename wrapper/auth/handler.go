package auth

// This file is the callback URL as a browser sees it: a flow begins here and comes back here.

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Handler returns what answers on the redirect URL. Mount it there, whatever the path:
//
//   - GET without a query begins the flow: link to it as "connect to Pipedrive". The browser is
//     sent to Pipedrive with a state, at least 128 random bits, bound to it by a cookie, good
//     once and for ten minutes.
//   - GET with code and state ends it: the tokens are saved, the Installed hook is called.
//   - GET with a code and no state is an install from the Marketplace. Anybody could send a
//     browser here with a code of their own, so that code is dropped and the flow begun again.
//   - GET with error, or with a state that does not fit, shows a page that says so and tells Warn.
//   - DELETE is Pipedrive's uninstall callback, authenticated by the client id and secret.
//
// Nothing from the request is shown or redirected to. Run it behind a server with all four
// timeouts and MaxHeaderBytes set. A state that came back is remembered by this App only; another
// process would take it once more, and Pipedrive refuse the code.
func (a *App) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // the URL of the callback has a code in it
		h.Set("X-Content-Type-Options", "nosniff")
		switch r.Method {
		case http.MethodGet:
			a.serveBrowser(w, r)
		case http.MethodDelete:
			a.serveUninstall(w, r)
		default:
			h.Set("Allow", "GET, DELETE")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		}
	})
}

func (a *App) serveBrowser(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	code, state := query.Get("code"), query.Get("state")
	switch {
	case err != nil:
		a.refuse(w, r, pageState, fmt.Errorf("%w: the query cannot be read", ErrState))
	case state == "" && !query.Has("error"): // with a code, this is an install from the Marketplace
		a.begin(w, r)
	case state != "" && !a.useState(r, state):
		a.refuse(w, r, pageState, ErrState)
	case query.Has("error"):
		http.SetCookie(w, a.cookie("", -1))
		a.refuse(w, r, pageDenied, fmt.Errorf("%w: %s", ErrDenied, cmp.Or(errorCode(query.Get("error")), "no reason that is known")))
	case code == "":
		a.refuse(w, r, pageState, fmt.Errorf("%w: it came without a code", ErrState))
	default:
		http.SetCookie(w, a.cookie("", -1))
		a.finish(w, r, code)
	}
}

func (a *App) begin(w http.ResponseWriter, r *http.Request) {
	state, cookie := a.newState()
	http.SetCookie(w, cookie)
	http.Redirect(w, r, a.AuthorizeURL(state), http.StatusFound)
}

func (a *App) finish(w http.ResponseWriter, r *http.Request, code string) {
	src, err := a.Install(r.Context(), code)
	if err != nil {
		a.refuse(w, r, pageFailed, err)
		return
	}
	if a.config.Installed != nil {
		// The browser may be gone; what was begun with the installation is finished.
		ctx, cancel := withRunningTimeout(context.WithoutCancel(r.Context()), workTimeout)
		defer cancel()
		if err := a.config.Installed(ctx, src); err != nil {
			a.warn(r, src.key, "the Installed hook", err)
			pageUnfinished.serve(w)
			return
		}
	}
	if a.config.DoneURL != "" {
		http.Redirect(w, r, a.config.DoneURL, http.StatusSeeOther)
		return
	}
	pageInstalled.serve(w)
}

func (a *App) refuse(w http.ResponseWriter, r *http.Request, p page, err error) {
	a.warn(r, Installation{}, "the callback", err)
	p.serve(w)
}

func (a *App) warn(r *http.Request, in Installation, where string, err error) {
	a.config.Warn(context.WithoutCancel(r.Context()), in, fmt.Errorf("auth: %s: %w", where, err))
}
