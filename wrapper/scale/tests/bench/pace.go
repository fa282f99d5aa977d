package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	burst  = 80 // requests of the smallest plan
	window = 2 * time.Second
)

// limited is an API that keeps to the burst limit of each installation, which it tells in its answers.
type limited struct {
	*httptest.Server
	mu      sync.Mutex
	windows map[string][]time.Time
	refused int
	arrived chan time.Time
}

func newLimited() *limited {
	l := &limited{windows: map[string][]time.Time{}, arrived: make(chan time.Time, 1<<16)}
	l.Server = httptest.NewServer(l)
	return l
}

// ServeHTTP implements [http.Handler].
func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-time.After(time.Duration(5+rand.IntN(35)) * time.Millisecond) //nolint:gosec // any number will do
	now, key := time.Now(), r.Header.Get("x-api-token")
	l.mu.Lock()
	times := slices.DeleteFunc(l.windows[key], func(t time.Time) bool { return now.Sub(t) > window })
	full := len(times) >= burst
	if full {
		l.refused++
	} else {
		times = append(times, now)
	}
	l.windows[key] = times
	left, reset := burst-len(times), window-now.Sub(times[0])
	l.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-RateLimit-Limit", fmt.Sprint(burst))
	w.Header().Set("X-RateLimit-Remaining", fmt.Sprint(left))
	w.Header().Set("X-RateLimit-Reset", fmt.Sprintf("%.0f", reset.Seconds()+0.5))
	if full {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"success":false,"error":"request over limit","errorCode":429}`)
		return
	}
	_, _ = io.WriteString(w, `{"success":true,"data":{"id":"m"}}`)
	l.arrived <- now
}

// paceRows prints what a limit leaves of its rate, and how soon a message goes to an idle installation.
func paceRows(ctx context.Context, engine string, fresh func() (string, error)) error {
	l := newLimited()
	defer l.Close()
	database, err := fresh()
	if err != nil {
		return err
	}
	s, err := open(ctx, database)
	if err != nil {
		return err
	}
	defer s.close()
	process, err := start(database, l.URL)
	if err != nil {
		return err
	}
	defer func() { end(process) }()

	var waits []time.Duration
	for n := range 40 {
		appended := time.Now()
		if err := s.box.Append(ctx, fmt.Sprintf("idle-%d", n), message("c", n)); err != nil {
			return err
		}
		waits = append(waits, (<-l.arrived).Sub(appended)-22*time.Millisecond) // what the API takes
	}
	waits = waits[1:] // the process was starting
	slices.Sort(waits)
	fmt.Printf("%-9s to an idle installation: median %d ms, slowest %d ms, append included\n", engine,
		waits[len(waits)/2].Milliseconds(), waits[len(waits)-1].Milliseconds())

	const n = 1000
	var batch []channels.ReceiveMessageRequest
	for i := range n {
		batch = append(batch, message(fmt.Sprintf("c%d", i%conversations), i))
	}
	began := time.Now()
	if err := s.box.Append(ctx, "busy", batch...); err != nil {
		return err
	}
	var last time.Time
	for range n {
		last = <-l.arrived
	}
	ideal := time.Duration((n-1)/burst) * window
	fmt.Printf("%-9s %d messages at %d in %v: %.2f s of at least %.2f s, %.1f %%, %d answered 429\n", engine, n, burst, window,
		last.Sub(began).Seconds(), ideal.Seconds(), 100*ideal.Seconds()/last.Sub(began).Seconds(), l.refused)

	const many, each = 200, 40
	if engine != "SQLite" {
		second, err := start(database, l.URL)
		if err != nil {
			return err
		}
		defer end(second)
	}
	began = time.Now()
	for i := range many {
		var batch []channels.ReceiveMessageRequest
		for m := range each {
			batch = append(batch, message(fmt.Sprintf("c%d", m%10), m))
		}
		if err := s.box.Append(ctx, fmt.Sprintf("many-%d", i), batch...); err != nil {
			return err
		}
	}
	appended := time.Since(began)
	for range many * each {
		last = <-l.arrived
	}
	fmt.Printf("%-9s %d installations with %d messages each, all within their windows: appended in %.2f s, the last arrived %.2f s later, %d answered 429\n",
		engine, many, each, appended.Seconds(), (last.Sub(began) - appended).Seconds(), l.refused)
	return nil
}
