package outbox

// This file keeps the client of each installation: its limiter remembers the window, the day, and
// who blocks, from one job to the next.

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// forgetAfter is longer than a limiter refuses without trying again.
const forgetAfter = 3 * time.Hour

type clientEntry struct {
	client *channels.Client
	users  int
	used   time.Time
	// Only the drain that has the lane touches these.
	fails   int
	answers []time.Time // in the window
}

// client returns the client of an installation, for use until leaveClient.
func (r *run) client(ctx context.Context, installation string) (*clientEntry, error) {
	r.mu.Lock()
	e := r.clients[installation]
	if e == nil {
		e = &clientEntry{}
		r.clients[installation] = e
	}
	e.users++
	e.used = time.Now()
	made := e.client != nil
	r.mu.Unlock()
	if made {
		return e, nil
	}
	client, err := r.config.Client(ctx, installation)
	if err == nil && client == nil {
		err = errors.New("Config.Client returned neither a client nor an error")
	}
	if err != nil {
		r.leaveClient(e)
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e.client = client
	return e, nil
}

// leaveClient ends one use of a client, and drops clients that have been idle for long.
func (r *run) leaveClient(e *clientEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.users--
	e.used = time.Now()
	if len(r.clients) < 1000 {
		return
	}
	for name, e := range r.clients {
		if e.users == 0 && time.Since(e.used) > forgetAfter {
			delete(r.clients, name)
		}
	}
}

// answered notes the time of an answer.
func (e *clientEntry) answered(at time.Time) {
	old := 0
	for old < len(e.answers) && at.Sub(e.answers[old]) > window {
		old++
	}
	e.answers = append(slices.Delete(e.answers, 0, old), at)
}

// sound forgets failures.
func (e *clientEntry) sound() { e.fails = 0 }

// failures counts one more failure in a row of the installation, and returns those before it.
func (d *drain) failures() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.clients[d.claim.installation]
	if e == nil {
		return 0
	}
	e.fails++
	return e.fails - 1
}

// windowLeft is how long another process should wait before it sends for the installation: until
// half of what counts now in Pipedrive's window has left it. The rest it learns from the answers.
func (e *clientEntry) windowLeft() time.Duration {
	if len(e.answers) == 0 {
		return 0
	}
	return max(0, window-time.Since(e.answers[len(e.answers)/2]))
}
