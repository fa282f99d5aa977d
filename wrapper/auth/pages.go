package auth

// This file holds the pages that end a flow. Their texts are fixed: nothing of a request is in them.

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

// A page says what happened, and what the user can do now.
type page struct {
	Status int
	Title  string
	Text   string
	Again  string // the text of a link that begins the flow anew, if that may help

	Redirect string // where the browser goes instead, if not empty
}

var (
	pageInstalled = page{Status: http.StatusOK, Title: "Connected", Text: "The app is connected to Pipedrive. You can close this window."}
	pageDenied    = page{Status: http.StatusForbidden, Title: "Not connected", Text: "Pipedrive did not grant the app access, so nothing was changed.", Again: "Connect"}
	pageState     = page{
		Status: http.StatusBadRequest, Title: "This attempt is over", Again: "Start again",
		Text: "It began in another window or browser, more than ten minutes ago, or is completed. For your safety it does not go on.",
	}
	pageFailed = page{
		Status: http.StatusBadGateway, Title: "That did not work", Again: "Try again",
		Text: "Pipedrive and the app could not be connected. If it happens again, tell the people who run the app: they have a note of the reason.",
	}
	pageUnfinished = page{
		Status: http.StatusInternalServerError, Title: "Almost connected", Again: "Try again",
		Text: "The app is connected to Pipedrive but could not finish setting up. Tell the people who run the app: they have a note of the reason.",
	}
)

const pageStyle = `body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}`

var (
	// "?" is this URL without its query: where a flow begins.
	pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>` + pageStyle + `</style>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{with .Again}}<p><a href="?">{{.}}</a></p>
{{end}}</html>
`))

	pagePolicy = func() string {
		sum := sha256.Sum256([]byte(pageStyle))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	}()
)

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	if p.Redirect != "" {
		http.Redirect(w, r, p.Redirect, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(p.Status)
	_ = pageTemplate.Execute(w, p) // it can fail only with the connection
}
