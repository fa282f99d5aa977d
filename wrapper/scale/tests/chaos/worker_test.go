//go:build chaos

package chaos_test

// This file is the process that is killed: the test's own binary, started anew.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

const (
	databaseVariable = "PDCHANNELS_CHAOS_DATABASE"
	apiVariable      = "PDCHANNELS_CHAOS_API"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(databaseVariable); database != "" {
		if err := work(database, os.Getenv(apiVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work delivers until SIGTERM. On SQLite it waits for its turn.
func work(database, api string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for {
		box, err := open(ctx, database, config(api))
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			fmt.Fprintln(os.Stderr, "cannot open:", err)
			<-time.After(time.Second) // the database is away
			continue
		}
		err = box.Run(ctx)
		if !errors.Is(err, outbox.ErrRunning) {
			return err
		}
		if err := box.Close(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func open(ctx context.Context, database string, config outbox.Config) (*outbox.Outbox, error) {
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		return outbox.OpenSQLite(ctx, file, config)
	}
	pool, err := pgxpool.New(ctx, database)
	if err != nil {
		return nil, err
	}
	return outbox.OnPostgres(ctx, pool, config)
}

func config(api string) outbox.Config {
	return outbox.Config{
		Client: func(_ context.Context, installation string) (*channels.Client, error) {
			limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 100000})
			if err != nil {
				return nil, err
			}
			return channels.NewClient(channels.APIToken(installation), channels.WithBaseURL(api+"/v1"), channels.WithLimiter(limiter),
				channels.WithLogger(slog.New(slog.DiscardHandler)))
		},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// process is a worker as the test sees it.
type process struct {
	cmd *exec.Cmd
}

func start(t *testing.T, database, api string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), databaseVariable+"="+database, apiVariable+"="+api)
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{cmd}
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// end waits for the end of a process that was signaled.
func (p *process) end() { _ = p.cmd.Wait() }
