//go:build postgres

package outbox_test

// With the build tag postgres the tests of behaviour run on a private Postgres as well.

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/pgtest"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

var cluster *pgtest.Cluster

func TestMain(m *testing.M) {
	var err error
	if cluster, err = pgtest.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	engines = append(engines, engine{"Postgres", freshPostgres})
	code := m.Run()
	if err := cluster.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func freshPostgres(t *testing.T) func(outbox.Config) *outbox.Outbox {
	t.Helper()
	url, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func(config outbox.Config) *outbox.Outbox {
		pool := connect(t, url)
		o, err := outbox.OnPostgres(t.Context(), pool, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = o.Close() })
		return o
	}
}

func connect(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
