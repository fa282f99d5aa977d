package outbox

// This file chooses which rows are on their way at a moment. A crash leaves them unmarked, so they are
// few; no conversation may take all the places; and two versions of one message are never on their
// way together, so that after a crash no "sent" follows a "read".

import (
	"context"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	maxUnmarked     = 64 // rows of an installation that are on their way or not marked yet
	maxConversation = 8  // of these in one conversation
	maxDeferred     = 512
	pageRows        = 128
	lookAgain       = 25 * time.Millisecond  // for appends, while something is on its way
	lookAtLeast     = 200 * time.Millisecond // as it gets when nothing comes
)

// feed is the source of one delivery.
type feed struct {
	page func(ctx context.Context, after int64, limit int) ([]row, error)

	mu       sync.Mutex
	changed  chan struct{}
	given    map[int]row // by the index that a Delivery names them by
	next     int
	unmarked int
	lines    map[string]*line
	deferred int
	ready    []row // deferred, and free now
	rows     []row // read, and not looked at yet
	after    int64 // the last seq read
	closed   bool
	err      error
}

// line is a conversation that has rows on their way or deferred.
type line struct {
	unmarked int
	versions map[string]struct{} // ids of the messages on their way
	deferred []row
	failed   bool // nothing more of it goes out in this delivery
}

// newFeed makes a feed without the conversations that are held now, by their keys. They stay out of it to
// the end: if one is freed meanwhile, its first rows may be behind the place where the feed reads.
func newFeed(held []string, page func(ctx context.Context, after int64, limit int) ([]row, error)) *feed {
	f := &feed{page: page, changed: make(chan struct{}, 1), given: map[int]row{}, lines: map[string]*line{}}
	for _, key := range held {
		f.lines[key] = &line{failed: true}
	}
	return f
}

// messages yields rows until there are none and nothing is on its way, until the feed is closed, or ctx ends.
func (f *feed) messages(ctx context.Context) func(yield func(channels.ReceiveMessageRequest, error) bool) {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for {
			r, ok := f.wait(ctx)
			if !ok || !yield(r.request()) {
				return
			}
		}
	}
}

// wait returns the next row.
func (f *feed) wait(ctx context.Context) (row, bool) {
	look := lookAgain
	for ctx.Err() == nil {
		f.mu.Lock()
		r, ok := f.choose()
		read := len(f.rows) == 0 && f.deferred < maxDeferred && f.unmarked < maxUnmarked
		after, closed := f.after, f.closed
		f.mu.Unlock()
		switch {
		case closed:
			return row{}, false
		case ok:
			return r, true
		}
		if read {
			page, err := f.page(ctx, after, pageRows)
			if err != nil {
				f.fail(err)
				return row{}, false
			}
			if f.add(page) {
				continue
			}
			if f.idle() {
				return row{}, false
			}
		}
		timer := time.NewTimer(look)
		select {
		case <-f.changed:
		case <-timer.C:
			look = min(2*look, lookAtLeast)
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return row{}, false
}

// choose takes the next row that may go out now, and defers those that may not.
func (f *feed) choose() (row, bool) {
	if f.closed || f.unmarked >= maxUnmarked {
		return row{}, false
	}
	for len(f.ready) > 0 {
		r := f.ready[0]
		f.ready = f.ready[1:]
		if l := f.lines[r.key()]; l.failed {
			l.leave(r)
			continue
		}
		f.give(r)
		return r, true
	}
	for len(f.rows) > 0 && f.deferred < maxDeferred {
		r := f.rows[0]
		f.rows = f.rows[1:]
		l := f.line(r)
		switch {
		case l.failed:
		case len(l.deferred) > 0 || !l.takes(r):
			l.deferred = append(l.deferred, r)
			f.deferred++
		default:
			l.enter(r)
			f.give(r)
			return r, true
		}
	}
	return row{}, false
}

func (f *feed) line(r row) *line {
	l := f.lines[r.key()]
	if l == nil {
		l = &line{versions: map[string]struct{}{}}
		f.lines[r.key()] = l
	}
	return l
}

// takes tells whether the row may go out beside those of its conversation that are on their way.
func (l *line) takes(r row) bool {
	_, there := l.versions[r.id]
	return !there && l.unmarked < maxConversation
}

// enter counts a row as on its way, also one that is only ready to go.
func (l *line) enter(r row) {
	l.unmarked++
	l.versions[r.id] = struct{}{}
}

func (l *line) leave(r row) {
	l.unmarked--
	delete(l.versions, r.id)
}

func (f *feed) give(r row) {
	f.given[f.next] = r
	f.next++
	f.unmarked++
}

// row returns the row of a delivery.
func (f *feed) row(index int) row {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.given[index]
}

// settled says that the row of a delivery is marked, or is not going to be. failed keeps the
// rest of the conversation back.
func (f *feed) settled(index int, failed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.given[index]
	delete(f.given, index)
	f.unmarked--
	l := f.lines[r.key()]
	l.leave(r)
	l.failed = l.failed || failed
	if l.failed {
		f.deferred -= len(l.deferred)
		l.deferred = nil
	}
	for len(l.deferred) > 0 && l.takes(l.deferred[0]) {
		f.ready = append(f.ready, l.deferred[0])
		l.enter(l.deferred[0])
		l.deferred = l.deferred[1:]
		f.deferred--
	}
	if l.unmarked == 0 && !l.failed {
		delete(f.lines, r.key())
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// add takes a page and reports whether it had rows.
func (f *feed) add(page []row) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(page) == 0 {
		return false
	}
	f.rows = append(f.rows, page...)
	f.after = page[len(page)-1].seq
	return true
}

// idle tells whether there is nothing left that could bring about another row.
func (f *feed) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unmarked == 0 && f.deferred == 0 && len(f.rows) == 0 && len(f.ready) == 0
}

// close ends the feed: what is on its way still comes to its end.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

func (f *feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// drained waits until nothing is on its way, no longer than ctx lasts.
func (f *feed) drained(ctx context.Context) {
	for ctx.Err() == nil {
		f.mu.Lock()
		unmarked := f.unmarked
		f.mu.Unlock()
		if unmarked == 0 {
			return
		}
		select {
		case <-f.changed:
		case <-ctx.Done():
		}
	}
}
