//go:build postgres

package pgstore_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/storetest"
	"github.com/pdchannels/pdchannels/wrapper/scale/internal/pgtest"
	"github.com/pdchannels/pdchannels/wrapper/scale/pgstore"
)

var cluster *pgtest.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(hostVariable) != "" {
		if err := host(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var err error
	if cluster, err = pgtest.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := cluster.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// database makes an empty database.
func database(tb testing.TB) (url string) {
	tb.Helper()
	url, err := cluster.Database(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return url
}

// open returns a store as a host of its own would open it.
func open(tb testing.TB, url string, lease time.Duration) *pgstore.Store {
	tb.Helper()
	pool, err := pgxpool.New(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	store, err := pgstore.Open(tb.Context(), pool, pgstore.WithLease(lease))
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) storetest.Storage {
		tb.Helper()
		const lease = 2 * time.Second
		url := database(tb)
		return storetest.Storage{Open: func() auth.Store { return open(tb, url, lease) }, Lease: lease}
	})
}
