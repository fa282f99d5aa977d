package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

const (
	databaseVariable = "PDCHANNELS_BENCH_DATABASE"
	apiVariable      = "PDCHANNELS_BENCH_API"
	installations    = 8
	conversations    = 50 // of each
)

// api takes 5 to 25 ms for a message, counts, and notes when the last one came.
type api struct {
	*httptest.Server
	count atomic.Int64
	last  atomic.Int64
}

func newAPI() *api {
	a := &api{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-time.After(time.Duration(5+rand.IntN(20)) * time.Millisecond) //nolint:gosec // any number will do
		a.count.Add(1)
		a.last.Store(time.Now().UnixNano())
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-RateLimit-Limit", "1000000")
		_, _ = io.WriteString(w, `{"success":true,"data":{"id":"m"}}`)
	}))
	return a
}

// until waits until n messages have come.
func (a *api) until(n int) {
	for a.count.Load() < int64(n) {
		<-time.After(time.Millisecond)
	}
}

func client(url, installation string) (*channels.Client, error) {
	return channels.NewClient(channels.APIToken(installation), channels.WithBaseURL(url+"/v1"), // the limit it learns from the answers
		channels.WithLogger(slog.New(slog.DiscardHandler)))
}

// work is a process that delivers until SIGTERM.
func work(database, url string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config := outbox.Config{
		Client: func(_ context.Context, installation string) (*channels.Client, error) {
			return client(url, installation)
		},
		Logger: slog.New(slog.DiscardHandler),
	}
	var box *outbox.Outbox
	var err error
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		box, err = outbox.OpenSQLite(ctx, file, config)
	} else {
		var pool *pgxpool.Pool
		if pool, err = pgxpool.New(ctx, database); err == nil {
			box, err = outbox.OnPostgres(ctx, pool, config)
		}
	}
	if err != nil {
		return err
	}
	return box.Run(ctx)
}

func start(database, url string) (*exec.Cmd, error) {
	cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // this program
	cmd.Env = append(os.Environ(), databaseVariable+"="+database, apiVariable+"="+url)
	cmd.Stderr = os.Stderr
	return cmd, cmd.Start()
}

func end(cmds ...*exec.Cmd) {
	for _, cmd := range cmds {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, cmd := range cmds {
		_ = cmd.Wait()
	}
}

// deliverRows prints how fast messages go out: by Deliver alone, and through the outbox by several processes.
func deliverRows(ctx context.Context, engine string, fresh func() (string, error)) error {
	alone, err := deliverAlone(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-9s deliver %d installations, Deliver alone       %7.0f/s\n", engine, installations, alone)
	for text := range strings.SplitSeq(*processes, ",") {
		p, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if engine == "SQLite" && p > 1 {
			continue
		}
		database, err := fresh()
		if err != nil {
			return err
		}
		through, err := deliverThrough(ctx, database, p)
		if err != nil {
			return err
		}
		fmt.Printf("%-9s deliver %d installations, outbox, %d process(es) %5.0f/s  ratio %.2f\n", engine, installations, p, through, through/alone)
	}
	return nil
}

func batchOf(installation, from, n int) []channels.ReceiveMessageRequest {
	batch := make([]channels.ReceiveMessageRequest, n)
	for i := range batch {
		batch[i] = message(fmt.Sprintf("c%d-%d", installation, (from+i)%conversations), from+i)
	}
	return batch
}

func deliverAlone(ctx context.Context) (float64, error) {
	a := newAPI()
	defer a.Close()
	began := time.Now()
	errs := make([]error, installations)
	var all sync.WaitGroup
	for i := range installations {
		all.Go(func() {
			c, err := client(a.URL, fmt.Sprint(i))
			if err != nil {
				errs[i] = err
				return
			}
			for d := range c.Deliver(ctx, channels.Messages(batchOf(i, 0, *sends/installations))) {
				if d.Err != nil {
					errs[i] = d.Err
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return rate(*sends, time.Since(began)), nil
}

// fill appends messages for all installations.
func fill(ctx context.Context, database string, installations, n int) error {
	s, err := open(ctx, database)
	if err != nil {
		return err
	}
	defer s.close()
	for i := range installations {
		for from := 0; from < n/installations; from += 100 {
			if err := s.box.Append(ctx, fmt.Sprintf("installation-%d", i), batchOf(i, from, 100)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliverThrough measures from the first message that comes to the last.
func deliverThrough(ctx context.Context, database string, processes int) (float64, error) {
	a := newAPI()
	defer a.Close()
	n := *sends / installations / 100 * 100 * installations
	if err := fill(ctx, database, installations, n); err != nil {
		return 0, err
	}
	var cmds []*exec.Cmd
	for range processes {
		cmd, err := start(database, a.URL)
		if err != nil {
			return 0, err
		}
		cmds = append(cmds, cmd)
	}
	defer func() { end(cmds...) }()
	a.until(1)
	began := time.Now()
	a.until(n)
	return rate(n-1, time.Since(began)), nil
}

// takeoverRows prints how long nothing comes after the process that delivers has gone.
func takeoverRows(ctx context.Context, engine string, fresh func() (string, error)) error {
	for _, c := range []struct {
		name   string
		signal syscall.Signal
	}{{"kill -9", syscall.SIGKILL}, {"graceful stop", syscall.SIGTERM}} {
		database, err := fresh()
		if err != nil {
			return err
		}
		took, err := takeover(ctx, database, c.signal, engine == "SQLite")
		if err != nil {
			return err
		}
		fmt.Printf("%-9s takeover after %-15s %6.2f s\n", engine, c.name, took.Seconds())
	}
	return nil
}

// takeover has one process deliver, another stand by (or start anew, on SQLite), and the first one end.
func takeover(ctx context.Context, database string, s syscall.Signal, anew bool) (time.Duration, error) {
	a := newAPI()
	defer a.Close()
	const n = 30_000
	if err := fill(ctx, database, 1, n); err != nil {
		return 0, err
	}
	first, err := start(database, a.URL)
	if err != nil {
		return 0, err
	}
	a.until(1000)
	var second *exec.Cmd
	if !anew {
		if second, err = start(database, a.URL); err != nil {
			return 0, err
		}
		<-time.After(2 * time.Second)
	}
	_ = first.Process.Signal(s)
	_ = first.Wait()
	<-time.After(100 * time.Millisecond) // for what is still in the API's hands
	last, came := a.last.Load(), a.count.Load()
	if anew {
		if second, err = start(database, a.URL); err != nil {
			return 0, err
		}
	}
	defer end(second)
	a.until(int(came) + 1)
	if came == n {
		return 0, fmt.Errorf("everything was delivered before the end of the first process")
	}
	return time.Duration(a.last.Load() - last), nil
}
