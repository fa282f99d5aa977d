package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// This file is a service with Pipedrive's burst limit: so many requests in any two seconds.

const (
	windowLimit  = 80
	windowLength = 2 * time.Second
	// What one way takes, at least and at most.
	nearest, farthest = 5 * time.Millisecond, 40 * time.Millisecond
)

// window receives messages. The one that would be too many for the last two seconds is
// answered 429; refused ones do not count.
type window struct {
	answer []byte

	mu       sync.Mutex
	random   *rand.Rand  // of the latencies, the same in each run
	accepted []time.Time // within the last two seconds
	arrived  map[string]bool
	refused  int
}

func newWindow() *window {
	return &window{
		answer:  answerTo(false),
		random:  rand.New(rand.NewPCG(1, 2)),
		arrived: map[string]bool{},
	}
}

// ServeHTTP answers after what the ways there and back take.
func (w *window) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	var message struct {
		ID string `json:"id"`
	}
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil || message.ID == "" {
		http.Error(rw, "no message", http.StatusBadRequest)
		return
	}
	w.travel(req.Context())
	status, remaining := w.receive(message.ID, time.Now())
	w.travel(req.Context())
	h := rw.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-RateLimit-Limit", strconv.Itoa(windowLimit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int(windowLength.Seconds())))
	rw.WriteHeader(status)
	if status == http.StatusOK {
		_, _ = rw.Write(w.answer)
		return
	}
	_, _ = rw.Write([]byte(`{"success":false,"error":"request over limit"}`))
}

// travel takes as long as one way, unless the caller gives up.
func (w *window) travel(ctx context.Context) {
	w.mu.Lock()
	oneWay := nearest + time.Duration(w.random.Int64N(int64(farthest-nearest)))
	w.mu.Unlock()
	select {
	case <-time.After(oneWay):
	case <-ctx.Done():
	}
}

func (w *window) receive(id string, now time.Time) (status, remaining int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.accepted) > 0 && now.Sub(w.accepted[0]) > windowLength {
		w.accepted = w.accepted[1:]
	}
	if len(w.accepted) >= windowLimit {
		w.refused++
		return http.StatusTooManyRequests, 0
	}
	w.accepted = append(w.accepted, now)
	w.arrived[id] = true
	return http.StatusOK, windowLimit - len(w.accepted)
}

// RoundTrip makes the window a transport, for a bubble of testing/synctest: time stands still
// there while a goroutine waits for a socket.
func (w *window) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	answer := httptest.NewRecorder()
	there := req.Clone(req.Context())
	there.Body = io.NopCloser(bytes.NewReader(body))
	w.ServeHTTP(answer, there)
	return answer.Result(), nil
}
