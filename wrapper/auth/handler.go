package auth

// This file is the callback URL as a browser sees it: a flow begins here and comes back here.

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Handler returns the handler of the redirect URL. Mount it there, whatever the path:
//
//   - GET without a query begins the flow: link to it as "connect to Pipedrive". The browser is
//     sent to Pipedrive with a state of at least 128 random bits, which a cookie binds to it, which
//     works once and for ten minutes.
//   - GET with code and state ends the flow: the tokens are saved and the Installed hook is called.
//     The same URL visited again, as when the user reloads it, shows the same page.
//   - GET with a code and no state is an install from the Marketplace. Anybody could send a
//     browser here with a code of their own, so that code is dropped and the flow begins again.
//   - GET with error, or with a state that does not fit, shows a page that says so and tells Warn.
//   - GET by a browser that prefetches or previews the page gets 503 and changes nothing.
//   - DELETE is Pipedrive's uninstall callback, authenticated by the client id and secret.
//
// Nothing from the request is shown or redirected to. Run it behind a server with all four
// timeouts and MaxHeaderBytes set. Used states are remembered by a [StateStore]
// for all hosts; with any other store by this App, so that another process accepts one again, and
// Pipedrive then refuses the code.
func (a *App) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // the URL of the callback has a code in it
		h.Set("X-Content-Type-Options", "nosniff")
		err := a.check(r.Context())
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case r.Method == http.MethodDelete:
			a.serveUninstall(w, r)
		case r.Method != http.MethodGet:
			h.Set("Allow", "GET, DELETE")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case isPrefetch(r.Header):
			http.Error(w, "this page takes effect, so it is not served ahead of a visit", http.StatusServiceUnavailable)
		default:
			a.serveBrowser(w, r)
		}
	})
}

// isPrefetch reports whether nobody looks at the answer yet: the user may never come.
func isPrefetch(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if said := strings.ToLower(h.Get(name)); strings.HasPrefix(said, "pre") { // prefetch, prerender, preview
			return true
		}
	}
	return false
}

func (a *App) serveBrowser(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	state := query.Get("state")
	switch {
	case err != nil:
		a.refuse(r, pageState, fmt.Errorf("%w: the query cannot be read", ErrState)).serve(w, r)
	case state != "":
		a.serveReturn(w, r, query)
	case query.Has("error"): // anybody can send a browser here with that
		a.refuse(r, pageDenied, fmt.Errorf("%w, without a state: %w", denied(query), ErrState)).serve(w, r)
	default: // with a code, this is an install from the Marketplace
		state, cookie := a.newState()
		http.SetCookie(w, cookie)
		http.Redirect(w, r, a.AuthorizeURL(state), http.StatusFound)
	}
}

// serveReturn answers a browser that came back from Pipedrive. Only its first visit has an effect.
func (a *App) serveReturn(w http.ResponseWriter, r *http.Request, query url.Values) {
	state := query.Get("state")
	v := a.visits.of(state)
	if v == nil && a.fits(r, state) {
		var first bool
		if v, first = a.visits.add(state, r.URL.RawQuery); first {
			http.SetCookie(w, a.cookie("", -1))
			defer close(v.done)
			v.page = pageFailed // should a hook panic
			v.page = a.finishOnce(r, query)
			v.page.serve(w, r)
			return
		}
	}
	if v == nil || v.query != r.URL.RawQuery {
		a.refuse(r, pageState, ErrState).serve(w, r)
		return
	}
	select {
	case <-v.done:
		v.page.serve(w, r)
	case <-r.Context().Done():
	}
}

// finishOnce ends a flow unless the state came back on another host before.
func (a *App) finishOnce(r *http.Request, query url.Values) page {
	if store, ok := a.config.Store.(StateStore); ok {
		first, err := store.UseState(r.Context(), query.Get("state"), time.Now().Add(stateLifetime))
		if err != nil {
			return a.refuse(r, pageFailed, err)
		}
		if !first {
			return a.refuse(r, pageState, fmt.Errorf("%w: it came back before, on another host", ErrState))
		}
	}
	return a.finish(r, query)
}

// finish ends a flow and returns the page that says how.
func (a *App) finish(r *http.Request, query url.Values) page {
	switch {
	case query.Has("error"):
		return a.refuse(r, pageDenied, denied(query))
	case query.Get("code") == "":
		return a.refuse(r, pageState, fmt.Errorf("%w: it came without a code", ErrState))
	}
	src, err := a.Install(r.Context(), query.Get("code"))
	if err != nil {
		return a.refuse(r, pageFailed, err)
	}
	if a.config.Installed != nil {
		// The browser may be gone; what the installation began is finished.
		ctx, cancel := withRunningTimeout(context.WithoutCancel(r.Context()), workTimeout)
		defer cancel()
		if err := a.config.Installed(ctx, src); err != nil {
			a.warn(r, src.key, "the Installed hook", err)
			return pageUnfinished
		}
	}
	done := pageInstalled
	done.Redirect = a.config.DoneURL
	return done
}

func denied(query url.Values) error {
	return fmt.Errorf("%w: %s", ErrDenied, cmp.Or(errorCode(query.Get("error")), "no known reason"))
}

func (a *App) refuse(r *http.Request, p page, err error) page {
	a.warn(r, Installation{}, "the callback", err)
	return p
}

func (a *App) warn(r *http.Request, in Installation, where string, err error) {
	a.config.Warn(context.WithoutCancel(r.Context()), in, fmt.Errorf("auth: %s: %w", where, err))
}
