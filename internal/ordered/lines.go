// Package ordered keeps in order what belongs together, and lets the rest go on side by
// side. [Lines] does so for calls of many goroutines, [Job] for the items of a sequence.
package ordered

import (
	"context"
	"slices"
	"sync"
)

// Lines lets one holder at a time have a key; others wait in line, first come first served.
// The zero value is ready. It remembers only the keys that somebody has.
type Lines[K comparable] struct {
	mu      sync.Mutex
	waiting map[K][]chan struct{} // by key; a key that nobody waits for has an empty line
}

// Enter waits until the key is free, or fails with the context's error.
func (l *Lines[K]) Enter(ctx context.Context, key K) error {
	l.mu.Lock()
	line, taken := l.waiting[key]
	if !taken {
		if l.waiting == nil {
			l.waiting = map[K][]chan struct{}{}
		}
		l.waiting[key] = nil
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	l.waiting[key] = append(line, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		l.giveUp(key, turn)
		return ctx.Err()
	}
}

// Leave frees the key for the next in line.
func (l *Lines[K]) Leave(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave(key)
}

func (l *Lines[K]) leave(key K) {
	line := l.waiting[key]
	if len(line) == 0 {
		delete(l.waiting, key)
		return
	}
	close(line[0])
	l.waiting[key] = line[1:]
}

func (l *Lines[K]) giveUp(key K, turn chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting[key], turn); i >= 0 {
		l.waiting[key] = slices.Delete(l.waiting[key], i, i+1)
		return
	}
	l.leave(key) // its turn came in the same moment
}
