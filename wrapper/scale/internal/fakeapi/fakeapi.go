// Package fakeapi is an API for the tests of this module: it takes messages, remembers in which
// order they came, and fails as it is told.
package fakeapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Message is a message as it came.
type Message struct {
	Token        string `json:"-"` // the API token: tests use one for each installation
	ID           string `json:"id"`
	Channel      string `json:"channel_id"`
	Conversation string `json:"conversation_id"`
	Text         string `json:"message"`
	Status       string `json:"status"`
}

// API is a server on loopback. Set Respond before its first request.
type API struct {
	*httptest.Server
	// Respond decides on a message; nil, or 0, is 200. The API remembers what it has accepted.
	Respond func(m Message) (status int, body string)

	mu       sync.Mutex
	accepted []Message
	requests int
}

// Start starts the server.
func Start() *API {
	a := &API{}
	a.Server = httptest.NewServer(a)
	return a
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	m := Message{Token: r.Header.Get("x-api-token")}
	if err != nil || json.Unmarshal(text, &m) != nil {
		http.Error(w, "unreadable", http.StatusTeapot)
		return
	}
	status, body := 0, ""
	if a.Respond != nil {
		status, body = a.Respond(m)
	}
	a.mu.Lock()
	a.requests++
	if status == 0 || status == http.StatusOK {
		a.accepted = append(a.accepted, m)
	}
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-RateLimit-Limit", "100000")
	if status != 0 {
		w.WriteHeader(status)
	}
	if body == "" {
		body = fmt.Sprintf(`{"success":true,"data":%s}`, text)
	}
	_, _ = io.WriteString(w, body)
}

// Accepted returns the messages that were accepted so far.
func (a *API) Accepted() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Message(nil), a.accepted...)
}

// Requests returns how many requests came.
func (a *API) Requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests
}
