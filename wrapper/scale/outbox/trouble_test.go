package outbox_test

// What the machine does to an outbox: a disk that fills up, a clock that is set.

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/fakeapi"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// onFile makes a scene on an SQLite database that the test has a hand in.
func onFile(t *testing.T) (*scene, *sql.DB, *outbox.Outbox) {
	t.Helper()
	db, err := outbox.OpenDB(filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &scene{t: t, api: startAPI(t)}
	o, err := outbox.OnSQLite(t.Context(), db, s.config())
	if err != nil {
		t.Fatal(err)
	}
	return s, db, o
}

func execute(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	s, db, o := onFile(t)
	kept := 0
	for ; kept < 100; kept++ {
		s.append(o, "a", message("c", kept))
	}
	var pages int
	if err := db.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	execute(t, db, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	for ; ; kept++ {
		if err := o.Append(t.Context(), "a", message("c", kept)); err != nil {
			break
		}
	}
	s.run(o)
	s.eventually("some are delivered although nothing can grow", s.arrived(1))
	execute(t, db, "PRAGMA max_page_count = 1000000")
	s.append(o, "a", message("c", kept))
	s.eventually("all that was kept is delivered", func() bool { return s.stats(o, "a").Waiting == 0 })
	seen, next := map[string]bool{}, 0
	for _, m := range s.api.Accepted() { // some may have come twice, as marks failed
		if !seen[m.Text] {
			if want := fmt.Sprintf("number %d", next); m.Text != want {
				t.Fatalf("%s arrived where %s was due", m.Text, want)
			}
			seen[m.Text] = true
			next++
		}
	}
	if next != kept+1 {
		t.Errorf("%d of %d messages arrived", next, kept+1)
	}
}

// The clock is set back by two hours, which makes every time in the database two hours late.
func TestAClockThatIsSetBackStopsNothing(t *testing.T) {
	t.Parallel()
	s, db, o := onFile(t)
	var sound atomic.Bool
	s.api.Respond = func(m fakeapi.Message) (int, string) {
		switch {
		case sound.Load():
			return 0, ""
		case m.Token == "asleep":
			return http.StatusUnauthorized, `{"success":false,"error":"unauthorized access","errorCode":401}`
		default:
			return http.StatusServiceUnavailable, "<html>"
		}
	}
	stop := s.run(o)
	s.append(o, "asleep", message("c", 1))
	s.append(o, "failing", message("c", 1))
	s.eventually("one sleeps and one has failed", func() bool {
		return s.stats(o, "asleep").Asleep != "" && !s.stats(o, "failing").WakesAt.IsZero()
	})
	stop()
	s.append(o, "queued", message("c", 1))
	const later = 2 * 60 * 60 * 1000
	execute(t, db, fmt.Sprintf("UPDATE pdchannels_outbox_claim SET since = since + %d, wake_at = wake_at + %[1]d", later))
	execute(t, db, fmt.Sprintf("UPDATE pdchannels_outbox_message SET appended_at = appended_at + %d, retry_at = retry_at + %[1]d", later))
	execute(t, db, "UPDATE river_job SET scheduled_at = datetime(scheduled_at, '+2 hours')")
	sound.Store(true)
	s.run(o)
	s.eventually("all three are delivered", s.arrived(3))
}
