package outbox

// This file marks what was delivered, for all installations in one transaction after the other: a
// group is what has come while the last one was being written. So a mark waits for one commit, and
// commits do not grow with the number of messages.

import (
	"context"
	"sync"
	"time"
)

type marker struct {
	store  *store
	keep   bool
	failed func(error)

	mu    sync.Mutex
	seqs  []int64
	after []func()
	news  chan struct{}
}

// mark marks the row soon, and then calls after.
func (m *marker) mark(seq int64, after func()) {
	m.mu.Lock()
	m.seqs, m.after = append(m.seqs, seq), append(m.after, after)
	m.mu.Unlock()
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, and then what is left, if it can.
func (m *marker) run(ctx context.Context) {
	for {
		select {
		case <-m.news:
		case <-ctx.Done():
			if seqs, after := m.take(); len(seqs) > 0 {
				m.write(ctx, seqs, after)
			}
			return
		}
		if seqs, after := m.take(); len(seqs) > 0 {
			m.write(ctx, seqs, after)
		}
	}
}

func (m *marker) take() ([]int64, []func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seqs, after := m.seqs, m.after
	m.seqs, m.after = nil, nil
	return seqs, after
}

// write does not give up before ctx ends, and then only after another try.
func (m *marker) write(ctx context.Context, seqs []int64, after []func()) {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		last := ctx.Err() != nil
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err := m.store.delivered(bounded, seqs, m.keep)
		cancel()
		if err == nil {
			break
		}
		m.failed(err)
		if last {
			return
		}
		pause(ctx, wait)
	}
	for _, f := range after {
		f()
	}
}
