package auth

// This file holds the pages that end a flow. They are fixed texts: nothing of a request is in them.

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
}

var (
	pageInstalled = page{http.StatusOK, "Connected", "The app is connected to Pipedrive. You can close this window.", ""}
	pageDenied    = page{http.StatusForbidden, "Not connected", "Pipedrive did not grant the app access, so nothing was changed.", "Connect"}
	pageState     = page{
		http.StatusBadRequest, "This attempt is over",
		"It was begun in another window or browser, more than ten minutes ago, or has been completed. For your safety it does not go on.", "Start again",
	}
	pageFailed = page{
		http.StatusBadGateway, "That did not work",
		"Pipedrive and the app could not be connected. If it happens again, tell the people who run the app: they have a note of the reason.", "Try again",
	}
	pageUnfinished = page{
		http.StatusInternalServerError, "Almost connected",
		"The app is connected to Pipedrive but could not finish setting up. Tell the people who run the app: they have a note of the reason.", "Try again",
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

func (p page) serve(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(p.Status)
	_ = pageTemplate.Execute(w, p) // it can fail only with the connection
}
