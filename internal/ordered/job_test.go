package ordered

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type item struct {
	n       int
	line    string
	takes   time.Duration
	verdict Verdict
}

type outcome struct {
	item    item
	skipped bool
	cause   int // the item that stopped all; -1 if none
}

// watched is a job over items that counts what is in work.
type watched struct {
	mu             sync.Mutex
	working, worst int
	lines          map[string]int
	overlap        bool
}

func (w *watched) job(workers, ahead, maxFailed int) Job[item, outcome] {
	w.lines = map[string]int{}
	count := func(i item, by int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.working += by
		w.worst = max(w.worst, w.working)
		w.lines[i.line] += by
		w.overlap = w.overlap || i.line != "" && w.lines[i.line] > 1
	}
	return Job[item, outcome]{
		Workers: workers, ReadAhead: ahead, MaxFailed: maxFailed,
		Line: func(i item) string { return i.line },
		Do: func(ctx context.Context, i item) (outcome, Verdict) {
			count(i, 1)
			defer count(i, -1)
			select {
			case <-ctx.Done():
			case <-time.After(i.takes):
			}
			return outcome{item: i, cause: -1}, i.verdict
		},
		Skip: func(i item, cause *outcome) outcome {
			o := outcome{item: i, skipped: true, cause: -1}
			if cause != nil {
				o.cause = cause.item.n
			}
			return o
		},
	}
}

// Each item has one result; a line stays in order, has one item in work, and ends with the
// first that fails; nothing is read or worked on beyond the bounds.
func TestJob(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		workers := rapid.IntRange(1, 5).Draw(rt, "workers")
		ahead := rapid.IntRange(1, 6).Draw(rt, "read ahead")
		items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) item {
			return item{
				line:    rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "line"),
				takes:   time.Duration(rapid.IntRange(0, 3).Draw(t, "takes")) * time.Second,
				verdict: rapid.SampledFrom([]Verdict{GoOn, GoOn, GoOn, StopLine}).Draw(t, "verdict"),
			}
		}), 0, 40).Draw(rt, "items")
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			var w watched
			var tooFar atomic.Bool
			var read, got atomic.Int64
			source := func(yield func(item) bool) {
				for n, i := range items {
					i.n = n
					if read.Add(1) > got.Load()+int64(workers+ahead+1) {
						tooFar.Store(true)
					}
					if !yield(i) {
						return
					}
				}
			}
			last := map[string]int{}
			failed := map[string]bool{}
			for o := range w.job(workers, ahead, 100).Run(t.Context(), source) {
				got.Add(1)
				line := o.item.line
				if line == "" {
					if o.skipped {
						wrong = fmt.Sprintf("%+v is skipped without a line", o)
					}
					continue
				}
				if before, ok := last[line]; ok && before > o.item.n {
					wrong = fmt.Sprintf("%+v after item %d", o, before)
				}
				if o.skipped != failed[line] {
					wrong = fmt.Sprintf("%+v, while the line's failure is %v", o, failed[line])
				}
				last[line] = o.item.n
				failed[line] = failed[line] || o.item.verdict == StopLine
			}
			if got.Load() != int64(len(items)) || tooFar.Load() {
				wrong = fmt.Sprintf("%d results for %d items; read too far ahead: %v", got.Load(), len(items), tooFar.Load())
			}
			if w.overlap || w.worst > workers {
				wrong = fmt.Sprintf("%d at once, one line twice: %v", w.worst, w.overlap)
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// numbered is a source of so many items, each its own line unless told otherwise.
func numbered(n int, change func(*item)) iter.Seq[item] {
	return func(yield func(item) bool) {
		for i := range n {
			it := item{n: i, line: fmt.Sprint(i), takes: time.Second}
			if change != nil {
				change(&it)
			}
			if !yield(it) {
				return
			}
		}
	}
}

func TestWorkersWorkSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, got := time.Now(), 0
		for range new(watched).job(10, 10, 0).Run(t.Context(), numbered(100, nil)) {
			got++
		}
		if took := time.Since(start); got != 100 || took != 10*time.Second {
			t.Errorf("%d in %v, want 100 in 10s", got, took)
		}
	})
}

// What stops everything lets what has begun finish, and skips the rest, each with the cause.
func TestStopAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := numbered(100, func(i *item) {
			if i.n == 7 {
				i.verdict = StopAll
			}
		})
		done, skipped := 0, 0
		for o := range new(watched).job(4, 4, 0).Run(t.Context(), source) {
			if o.skipped && o.cause != 7 {
				t.Errorf("%+v, want item 7 for the cause", o)
			}
			if o.skipped {
				skipped++
			} else {
				done++
			}
		}
		if done < 8 || done > 7+4 || done+skipped != 100 {
			t.Errorf("%d done and %d skipped, want what had begun when item 7 ended, and the rest", done, skipped)
		}
	})
}

// More failed lines than are to be remembered stop all.
func TestFailedLinesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		done := 0
		for o := range new(watched).job(1, 1, 10).Run(t.Context(), numbered(100, func(i *item) { i.verdict = StopLine })) {
			if !o.skipped {
				done++
			}
		}
		if done != 11 {
			t.Errorf("%d done, want 11", done)
		}
	})
}

// To break off cancels what is in work, and leaves nothing running.
func TestBreak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		var w watched
		read := 0
		start := time.Now()
		for o := range w.job(4, 4, 0).Run(t.Context(), numbered(1000, func(i *item) {
			read++
			i.takes = time.Duration(i.n) * time.Hour
		})) {
			if o.item.n != 0 {
				t.Errorf("%+v came first", o)
			}
			break
		}
		if w.working != 0 || read > 6 || time.Since(start) != 0 {
			t.Errorf("%d in work, %d read, %v passed", w.working, read, time.Since(start))
		}
	})
}

// A sequence may be iterated again, and reads its source again.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	results := new(watched).job(1, 1, 0).Run(t.Context(), numbered(3, func(i *item) { i.takes = 0 }))
	for range 2 {
		var got []int
		for o := range results {
			got = append(got, o.item.n)
		}
		if !slices.Equal(got, []int{0, 1, 2}) {
			t.Errorf("got %v", got)
		}
	}
}

// A panic on another goroutine reaches the one that iterates, when all others have ended.
func TestPanicsAreCarried(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]int{"of the source, which has yielded nothing": 0, "of the source": 3, "of the work": -1} {
		synctest.Test(t, func(t *testing.T) {
			var w watched
			j := w.job(2, 2, 9)
			do := j.Do
			j.Do = func(ctx context.Context, i item) (outcome, Verdict) {
				if at < 0 && i.n == 2 {
					panic("carried")
				}
				return do(ctx, i)
			}
			source := func(yield func(item) bool) {
				for n := range 5 {
					if n == at {
						panic("carried")
					}
					if !yield(item{n: n, takes: time.Hour}) {
						return
					}
				}
			}
			defer func() {
				if got := recover(); got != "carried" || w.working != 0 {
					t.Errorf("%s: recovered %v while %d are in progress", name, got, w.working)
				}
			}()
			for range j.Run(t.Context(), source) {
				continue
			}
			t.Errorf("%s: the iteration ended without it", name)
		})
	}
}
