//go:build chaos

package chaos_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/pgtest"
)

// The database goes away for longer than a process may work without it, and comes back.
//
//nolint:paralleltest // it has the machine for itself
func TestADatabaseThatGoesAway(t *testing.T) {
	runtime.LockOSThread() // the server dies with the thread that has started it
	defer runtime.UnlockOSThread()
	cluster, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Close() })
	url, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j, api := newJudge(t, 0.1)
	box, err := open(t.Context(), url, config(api))
	if err != nil {
		t.Fatal(err)
	}
	workers := []*process{start(t, url, api), start(t, url, api)}
	var appending sync.WaitGroup
	appending.Go(func() { appendAll(t, box, 40*time.Second) })
	for _, away := range []time.Duration{2 * time.Second, 12 * time.Second} {
		sleep(t.Context(), 5*time.Second)
		if err := cluster.Stop(); err != nil {
			t.Fatal(err)
		}
		sleep(t.Context(), away)
		if err := cluster.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	appending.Wait()
	began := time.Now()
	j.wait(t, *messages, 90*time.Second)
	t.Logf("the last arrived %v after the last append", time.Since(began).Round(time.Millisecond))
	for _, w := range workers {
		w.signal(syscall.SIGTERM)
		w.end()
	}
	j.verdict(t, *messages, 2)
	report(t, box)
}

// An append races with a worker that finds nothing and goes home: each message is appended at the
// moment in which the one before it arrives.
//
//nolint:paralleltest // it has the machine for itself
func TestNoWakeUpIsLost(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			j, api := newJudge(t, 0)
			j.prompt = true
			box, err := open(t.Context(), database, config(api))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = box.Close() }()
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- box.Run(ctx) }()

			const lanes = 64
			var lost atomic.Int64
			var slowest atomic.Int64
			var all sync.WaitGroup
			began := time.Now()
			for lane := range lanes {
				all.Go(func() {
					installation := fmt.Sprintf("installation-%d", lane)
					arrived := j.arrivals(installation)
					for n := range *wakeUps / lanes {
						appended := time.Now()
						if err := box.Append(t.Context(), installation, step("c", n)); err != nil {
							t.Errorf("append: %v", err)
							return
						}
						select {
						case <-arrived:
							slowest.Store(max(slowest.Load(), int64(time.Since(appended))))
						case <-time.After(30 * time.Second):
							lost.Add(1)
							return
						}
					}
				})
			}
			all.Wait()
			t.Logf("%d appends raced with finishes in %v; %d wake-ups were lost; the slowest message took %v",
				*wakeUps/lanes*lanes, time.Since(began).Round(time.Second), lost.Load(), time.Duration(slowest.Load()).Round(time.Millisecond))
			if lost.Load() > 0 {
				t.Errorf("%d wake-ups were lost", lost.Load())
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
