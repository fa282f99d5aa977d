package ordered

import (
	"context"
	"hash/maphash"
	"iter"
	"sync"
)

// Verdict is what the result of one item means for those that follow.
type Verdict int

// The verdicts.
const (
	GoOn     Verdict = iota
	StopLine         // the rest of its line is skipped
	StopAll          // everything that has not begun is skipped
)

// Job says how the items of a sequence are processed.
type Job[T, R any] struct {
	// Workers is how many items may be in progress; ReadAhead how many may wait for one of their line.
	Workers, ReadAhead int
	// MaxFailed bounds the memory for lines that were stopped; one more of them stops all.
	MaxFailed int
	// Line names what stays in order. An empty name is no line.
	Line func(T) string
	// Do processes one item, on a goroutine of its own beside others.
	Do func(context.Context, T) (R, Verdict)
	// Stop, unless nil, is called when nothing more begins: at the end, when the iteration is broken off, and at a
	// panic; perhaps more than once.
	Stop func()
	// Skip makes the result of an item that is skipped. The cause is the result that stopped
	// everything; nil if it was one of the item's own line.
	Skip func(item T, cause *R) R
}

// Run processes the source while the returned sequence is iterated, and yields one result
// for each item: in order within a line, otherwise as they come. Breaking off the iteration
// cancels what is in progress and waits for its end. The source is iterated on a goroutine of its
// own, which has ended when the iteration has. A panic of the source, or of Do, reaches the goroutine
// that iterates, after everything else has ended.
func (j Job[T, R]) Run(ctx context.Context, source iter.Seq[T]) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx) //nolint:gosec // stop calls it, which is deferred below
		r := run[T, R]{
			Job:     j,
			cancel:  cancel,
			yield:   yield,
			results: make(chan result[R], j.Workers+1), // nobody who has one ever waits
			work:    make(chan task[T], j.Workers),
			lines:   map[string][]T{},
			failed:  map[uint64]struct{}{},
			seed:    maphash.MakeSeed(),
		}
		items, broken := make(chan T), make(chan struct{})
		defer func() {
			close(broken)
			r.stop()
			close(r.work)
			r.group.Wait()
			r.rethrow()
		}()
		r.group.Go(func() {
			defer close(items)
			defer r.carry()
			for item := range source {
				select {
				case items <- item:
				case <-broken:
					return
				}
			}
		})
		r.loop(ctx, items)
	}
}

// run is the state of one iteration. Only the goroutine that iterates touches it, but for
// group and results.
type run[T, R any] struct {
	Job[T, R]
	cancel  context.CancelFunc
	yield   func(R) bool
	group   sync.WaitGroup
	results chan result[R]

	active  int
	workers int // they stay: a new goroutine has to grow its stack anew
	work    chan task[T]
	waiting int                 // in all lines
	lines   map[string][]T      // those of which an item is in progress, and what waits behind it
	failed  map[uint64]struct{} // by hash: a name may be long, and a clash only skips, and says so
	seed    maphash.Seed
	stopped *R
}

type task[T any] struct {
	item T
	line string
}

type result[R any] struct {
	value   R
	line    string
	verdict Verdict
	panics  any // what the goroutine panicked with instead
}

// carry is deferred by every goroutine, and hands a panic over to the one that iterates.
func (r *run[T, R]) carry() {
	if panics := recover(); panics != nil {
		r.stop()
		r.results <- result[R]{panics: panics}
	}
}

// stop cancels what is in progress.
func (r *run[T, R]) stop() {
	r.cancel()
	if r.Stop != nil {
		r.Stop()
	}
}

// rethrow panics with what a goroutine panicked with, if one did.
func (r *run[T, R]) rethrow() {
	for len(r.results) > 0 {
		if panics := (<-r.results).panics; panics != nil {
			panic(panics)
		}
	}
}

func (r *run[T, R]) loop(ctx context.Context, items <-chan T) {
	for open := true; open || r.active > 0; {
		next := items
		if !open || r.active == r.Workers || r.waiting == r.ReadAhead {
			next = nil
		}
		going := true
		select {
		case item, ok := <-next:
			if open = ok; ok {
				going = r.accept(ctx, item)
			}
		case done := <-r.results:
			if done.panics != nil {
				panic(done.panics)
			}
			going = r.finish(ctx, done)
		}
		if !going {
			return
		}
	}
}

func (r *run[T, R]) accept(ctx context.Context, item T) bool {
	line := r.Line(item)
	behind, busy := r.lines[line]
	switch {
	case line != "" && busy: // also of what is to be skipped: it stays behind those before it
		r.lines[line] = append(behind, item)
		r.waiting++
	case r.skips(line):
		return r.yield(r.Skip(item, r.stopped))
	default:
		r.begin(ctx, line, item)
	}
	return true
}

func (r *run[T, R]) begin(ctx context.Context, line string, item T) {
	if _, busy := r.lines[line]; line != "" && !busy {
		r.lines[line] = nil
	}
	r.active++
	if r.active > r.workers {
		r.workers++
		r.group.Go(func() {
			defer r.carry()
			for t := range r.work {
				value, verdict := r.Do(ctx, t.item)
				r.results <- result[R]{value: value, line: t.line, verdict: verdict}
			}
		})
	}
	r.work <- task[T]{item, line}
}

func (r *run[T, R]) finish(ctx context.Context, done result[R]) bool {
	r.active--
	r.judge(done)
	if !r.yield(done.value) {
		return false
	}
	for behind := r.lines[done.line]; len(behind) > 0; {
		item := behind[0]
		behind = behind[1:]
		r.lines[done.line] = behind
		r.waiting--
		if !r.skips(done.line) {
			r.begin(ctx, done.line, item)
			return true
		}
		if !r.yield(r.Skip(item, r.stopped)) {
			return false
		}
	}
	delete(r.lines, done.line)
	return true
}

func (r *run[T, R]) judge(done result[R]) {
	if done.verdict == StopLine && done.line != "" {
		r.failed[maphash.String(r.seed, done.line)] = struct{}{}
	}
	if r.stopped == nil && (done.verdict == StopAll || len(r.failed) > r.MaxFailed) {
		value := done.value // so that the others stay off the heap
		r.stopped = &value
	}
}

// skips is whether what is left of a line is not to be begun.
func (r *run[T, R]) skips(line string) bool {
	if r.stopped != nil {
		return true
	}
	if len(r.failed) == 0 || line == "" {
		return false
	}
	_, failed := r.failed[maphash.String(r.seed, line)]
	return failed
}
