//go:build postgres

package outbox_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// An app on Postgres brings a transaction of pgx, or of database/sql.
func TestAnAppendIsPartOfAPostgresTransaction(t *testing.T) {
	t.Parallel()
	s := &scene{t: t, api: startAPI(t)}
	url, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pool := connect(t, url)
	o, err := outbox.OnPostgres(t.Context(), pool, s.config())
	if err != nil {
		t.Fatal(err)
	}
	s.run(o)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	for n, commit := range []bool{false, true} {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := o.AppendPgxTx(t.Context(), tx, "a", message("c", n)); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commit {
			end = tx.Commit
		}
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for n, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.AppendTx(t.Context(), tx, "a", message("c", 10+n)); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commit {
			end = tx.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	s.eventually("the committed messages are delivered", s.arrived(2))
	s.eventually("the installation is idle", s.idle(o, "a"))
	if got := texts(s.api.Accepted(), "c"); !slices.Equal(got, []string{"number 1", "number 11"}) {
		t.Errorf("%q arrived", got)
	}
}
