//go:build chaos

package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/internal/pgtest"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

var (
	messages      = flag.Int("messages", 20000, "messages in all")
	installations = flag.Int("installations", 20, "installations they are for")
	processes     = flag.Int("processes", 4, "processes that deliver")
	wakeUps       = flag.Int("wake-ups", 100000, "appends that race with finishes")
	minutes       = flag.Float64("minutes", 3, "how long they are killed and stopped")
)

const conversations = 5 // of each installation

//nolint:paralleltest // each has the machine for itself
func TestKilledAndStopped(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) { killAndStop(t, database) })
	}
}

// databases are an SQLite file and a private Postgres.
func databases(t *testing.T) map[string]string {
	t.Helper()
	cluster, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Close() })
	url, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"SQLite": "sqlite:" + filepath.Join(t.TempDir(), "outbox.db"), "Postgres": url}
}

func killAndStop(t *testing.T, database string) {
	t.Helper()
	j, api := newJudge(t, 0.1)
	box, err := open(t.Context(), database, config(api))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	workers := make([]*process, *processes)
	for i := range workers {
		workers[i] = start(t, database, api)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*minutes*float64(time.Minute)))
	defer cancel()
	var appending sync.WaitGroup
	appending.Go(func() { appendAll(t, box, time.Duration(*minutes*float64(time.Minute))*8/10) })

	var disruptions atomic.Int64
	var stopped sync.WaitGroup
	for ctx.Err() == nil {
		i := rand.IntN(len(workers))
		victim := workers[i]
		disruptions.Add(1)
		switch rand.IntN(5) {
		case 0: // stopped, some for longer than it takes to be declared dead
			victim.signal(syscall.SIGSTOP)
			stopped.Go(func() {
				sleep(t.Context(), time.Duration(rand.IntN(45000))*time.Millisecond)
				victim.signal(syscall.SIGCONT)
			})
		case 1: // ends in good order
			victim.signal(syscall.SIGTERM)
			victim.signal(syscall.SIGCONT)
			victim.end()
			workers[i] = start(t, database, api)
		default:
			victim.signal(syscall.SIGKILL)
			victim.end()
			workers[i] = start(t, database, api)
		}
		sleep(ctx, time.Duration(500+rand.IntN(6000))*time.Millisecond)
	}
	stopped.Wait()
	appending.Wait()
	began := time.Now()
	j.wait(t, *messages, 90*time.Second)
	t.Logf("the last arrived %v after the last disruption", time.Since(began).Round(time.Millisecond))
	sleep(t.Context(), 2*time.Second) // for what comes too much
	for _, w := range workers {
		w.signal(syscall.SIGTERM)
	}
	for _, w := range workers {
		w.end()
	}
	j.verdict(t, *messages, int(disruptions.Load()))
	report(t, box)
}

// appendAll appends the messages in about the given time, some alone and some together.
func appendAll(t *testing.T, box *outbox.Outbox, within time.Duration) {
	t.Helper()
	lines := *installations * conversations
	each := *messages / lines
	if each*lines != *messages {
		t.Errorf("the number of messages has to be a multiple of %d", lines)
		return
	}
	var all sync.WaitGroup
	for line := range lines {
		all.Go(func() {
			installation, conversation := fmt.Sprintf("installation-%d", line/conversations), fmt.Sprintf("c%d", line%conversations)
			for n := 0; n < each; {
				var batch []channels.ReceiveMessageRequest
				most := 3
				if rand.IntN(10) == 0 {
					most = 40 // a backlog, so that workers die with their hands full
				}
				for range min(1+rand.IntN(most), each-n) {
					batch = append(batch, step(conversation, n))
					n++
				}
				for {
					err := box.Append(t.Context(), installation, batch...)
					if err == nil {
						break
					}
					t.Logf("an append failed and is made again: %v", err)
					sleep(t.Context(), time.Second)
				}
				sleep(t.Context(), time.Duration(rand.Int64N(int64(within)*8/int64(each))))
			}
		})
	}
	all.Wait()
}

func report(t *testing.T, box *outbox.Outbox) {
	t.Helper()
	stats, err := box.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	takeovers := 0
	for _, s := range stats {
		takeovers += int(s.Takeovers)
		if s.Waiting > 0 || s.Parked > 0 {
			t.Errorf("%s has %d waiting and %d parked at the end", s.Installation, s.Waiting, s.Parked)
		}
	}
	t.Logf("%d takeovers", takeovers)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
