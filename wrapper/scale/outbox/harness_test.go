package outbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/internal/fakeapi"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// engine is what the tests of behaviour run on; postgres_test.go adds the second one.
type engine struct {
	name string
	// fresh makes an empty database, and returns what opens an outbox on it as another process would.
	fresh func(t *testing.T) (open func(outbox.Config) *outbox.Outbox)
}

var engines = []engine{{"SQLite", freshSQLite}}

func freshSQLite(t *testing.T) func(outbox.Config) *outbox.Outbox {
	t.Helper()
	file := filepath.Join(t.TempDir(), "outbox.db")
	return func(config outbox.Config) *outbox.Outbox {
		o, err := outbox.OpenSQLite(t.Context(), file, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = o.Close() })
		return o
	}
}

// onEach runs a test on each engine.
func onEach(t *testing.T, test func(s *scene)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(&scene{t: t, api: startAPI(t), open: e.fresh(t)})
		})
	}
}

func startAPI(t *testing.T) *fakeapi.API {
	t.Helper()
	api := fakeapi.Start()
	t.Cleanup(api.Close)
	return api
}

// scene is a database, an API, and what happens between them.
type scene struct {
	t    *testing.T
	api  *fakeapi.API
	open func(outbox.Config) *outbox.Outbox
}

func (s *scene) config() outbox.Config {
	return outbox.Config{
		Client: func(_ context.Context, installation string) (*channels.Client, error) {
			return clientOf(s.api, installation)
		},
		Logger: slog.New(slog.NewTextHandler(s.t.Output(), nil)),
	}
}

// clientOf returns a client of the API for an installation, without a limit that anybody would notice.
func clientOf(api *fakeapi.API, installation string) (*channels.Client, error) {
	limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 100000})
	if err != nil {
		return nil, err
	}
	return channels.NewClient(channels.APIToken(installation), channels.WithBaseURL(api.URL+"/v1"), channels.WithLimiter(limiter))
}

// run delivers until stop is called, or the test ends.
func (s *scene) run(o *outbox.Outbox) (stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	s.t.Cleanup(stop)
	return stop
}

func (s *scene) append(o *outbox.Outbox, installation string, messages ...channels.ReceiveMessageRequest) {
	s.t.Helper()
	if err := o.Append(s.t.Context(), installation, messages...); err != nil {
		s.t.Fatal(err)
	}
}

// eventually waits until something is so.
func (s *scene) eventually(what string, so func() bool) {
	s.t.Helper()
	const soon = 30 * time.Second
	ticks, late := time.NewTicker(5*time.Millisecond), time.After(soon)
	defer ticks.Stop()
	for !so() {
		select {
		case <-ticks.C:
		case <-late:
			s.t.Fatalf("not within %v: %s; accepted %d messages", soon, what, len(s.api.Accepted()))
		}
	}
}

func (s *scene) arrived(n int) func() bool {
	return func() bool { return len(s.api.Accepted()) >= n }
}

// stats returns the figures of an installation; zero if there are none.
func (s *scene) stats(o *outbox.Outbox, installation string) outbox.Stats {
	s.t.Helper()
	all, err := o.Stats(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, stats := range all {
		if stats.Installation == installation {
			return stats
		}
	}
	return outbox.Stats{}
}

// idle tells whether everything of the installation is delivered or held.
func (s *scene) idle(o *outbox.Outbox, installation string) func() bool {
	return func() bool { return !s.stats(o, installation).Working }
}

// message is the nth message of a conversation.
func message(conversation string, n int) channels.ReceiveMessageRequest {
	return channels.ReceiveMessageRequest{
		ID: fmt.Sprintf("%s-%d", conversation, n), ProviderChannelID: "shop-1", ConversationID: conversation, SenderID: "nils",
		Message: fmt.Sprintf("number %d", n), Status: channels.StatusSent, CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
	}
}

// texts are the texts that arrived in a conversation, in that order.
func texts(accepted []fakeapi.Message, conversation string) (texts []string) {
	for _, m := range accepted {
		if m.Conversation == conversation {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// inTx runs f in a transaction of an SQLite database that the app shares with the outbox.
func inTx(t *testing.T, db *sql.DB, f func(*sql.Tx)) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	f(tx)
}
