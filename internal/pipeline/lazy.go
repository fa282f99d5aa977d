package pipeline

import (
	"context"
	"sync"
	"time"
)

// lazyTimeout is context.WithTimeout whose timer starts when somebody first asks for it. A token is at
// hand nearly always, and then nobody does.
type lazyTimeout struct {
	context.Context //nolint:containedctx // it is a context itself
	timeout         time.Duration

	mu     sync.Mutex
	inner  context.Context //nolint:containedctx // it is a context itself
	cancel context.CancelFunc
}

func (l *lazyTimeout) started() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner == nil {
		l.inner, l.cancel = context.WithTimeout(l.Context, l.timeout)
	}
	return l.inner
}

func (l *lazyTimeout) Done() <-chan struct{}       { return l.started().Done() }
func (l *lazyTimeout) Err() error                  { return l.started().Err() }
func (l *lazyTimeout) Deadline() (time.Time, bool) { return l.started().Deadline() }

// stop ends it. A token source that kept it finds it cancelled.
func (l *lazyTimeout) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
	} else {
		l.inner = stopped
	}
}

// stopped is a context that has been cancelled.
var stopped = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
