//go:build postgres

package pgstore_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

var alice = auth.Installation{CompanyID: 1001, UserID: 42}

func TestASaveFailsWhenTheConnectionIsLost(t *testing.T) {
	t.Parallel()
	url := database(t)
	store := open(t, url, time.Minute)
	err := store.Update(t.Context(), alice, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
		if err := save(auth.Record("before")); err != nil {
			return err
		}
		cutOff(t, url)
		// Another host has the lock at once, and what this one saves now must not undo what that one did.
		err := open(t, url, time.Minute).Update(t.Context(), alice, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
			if string(r) != "before" {
				t.Errorf("the other host found %q", []byte(r))
			}
			return save(auth.Record("by the other"))
		})
		if err != nil {
			t.Errorf("the other host: %v", err)
		}
		if save(auth.Record("late")) == nil {
			t.Errorf("a save without the lock returned no error")
		}
		return nil
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
	if r, err := store.Load(t.Context(), alice); err != nil || string(r) != "by the other" {
		t.Errorf("the record is %q, %v", []byte(r), err)
	}
}

// cutOff ends the sessions that hold a lock.
func cutOff(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAStateIsKnownToEveryHost(t *testing.T) {
	t.Parallel()
	url := database(t)
	here, there := open(t, url, time.Minute), open(t, url, time.Minute)
	for _, c := range []struct {
		store auth.StateStore
		state string
		want  bool
	}{{here, "one", true}, {there, "one", false}, {here, "one", false}, {there, "two", true}} {
		if first, err := c.store.UseState(t.Context(), c.state, time.Now().Add(time.Minute)); err != nil || first != c.want {
			t.Errorf("state %q: first %v, %v, want %v", c.state, first, err, c.want)
		}
	}
}

func TestInstallationsAreListed(t *testing.T) {
	t.Parallel()
	store := open(t, database(t), time.Minute)
	want := []auth.Installation{alice, {CompanyID: 1001, UserID: 43}}
	for _, key := range want {
		err := store.Update(t.Context(), key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
			return save(auth.Record("tokens"))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.Installations(t.Context())
	slices.SortFunc(got, func(a, b auth.Installation) int { return int(a.UserID - b.UserID) })
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
