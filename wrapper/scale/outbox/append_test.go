package outbox_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

func TestAnAppendIsPartOfTheAppsTransaction(t *testing.T) {
	t.Parallel()
	s := &scene{t: t, api: startAPI(t)}
	db, err := outbox.OpenDB(filepath.Join(t.TempDir(), "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o, err := outbox.OnSQLite(t.Context(), db, s.config())
	if err != nil {
		t.Fatal(err)
	}
	s.run(o)
	appendTx := func(tx *sql.Tx, m channels.ReceiveMessageRequest) {
		if err := o.AppendTx(t.Context(), tx, "a", m); err != nil {
			t.Fatal(err)
		}
	}
	inTx(t, db, func(tx *sql.Tx) { appendTx(tx, message("c", 1)) }) // rolled back
	inTx(t, db, func(tx *sql.Tx) {
		appendTx(tx, message("c", 2))
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	})
	s.eventually("the committed message is delivered", s.arrived(1))
	s.eventually("the installation is idle", s.idle(o, "a"))
	if got := texts(s.api.Accepted(), "c"); len(got) != 1 || got[0] != "number 2" {
		t.Errorf("%q arrived", got)
	}
	if err := o.AppendPgxTx(t.Context(), nil, "a", message("c", 3)); !errors.Is(err, outbox.ErrPostgresOnly) {
		t.Errorf("an append in a transaction of pgx on SQLite: %v", err)
	}
}

func TestWhatCannotBeDeliveredIsNotAppended(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		o := s.open(s.config())
		with := func(change func(*channels.ReceiveMessageRequest)) channels.ReceiveMessageRequest {
			m := message("c", 1)
			change(&m)
			return m
		}
		for _, c := range []struct {
			installation string
			message      channels.ReceiveMessageRequest
			want         string
		}{
			{"", message("c", 1), "has no name"},
			{strings.Repeat("a", 256), message("c", 1), "256 bytes"},
			{"a\x00b", message("c", 1), "no text"},
			{"a", channels.ReceiveMessageRequest{}, "is missing"},
			{"a", with(func(m *channels.ReceiveMessageRequest) { m.SenderID = "" }), "SenderID"},
			{"a", with(func(m *channels.ReceiveMessageRequest) { m.ConversationID = strings.Repeat("c", 1001) }), "ConversationID"},
			{"a", with(func(m *channels.ReceiveMessageRequest) { m.ID = "\xff" }), "ID"},
		} {
			err := o.Append(t.Context(), c.installation, message("c", 0), c.message)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.20q, %+.40v: got the error %v, want one with %q", c.installation, c.message, err, c.want)
			}
		}
		if err := o.Append(t.Context(), "a"); err != nil {
			t.Errorf("an append of nothing: %v", err)
		}
		entries, err := o.List(t.Context(), outbox.Filter{})
		if err != nil || len(entries) > 0 {
			t.Errorf("%d messages were kept, %v", len(entries), err)
		}
	})
}

func TestEveryFieldOfAMessageIsKept(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		at := time.Date(2026, 3, 1, 7, 58, 1, 2000, time.UTC)
		want := channels.ReceiveMessageRequest{
			ID: "m-'1", ProviderChannelID: "ch\"2", ConversationID: "c\\3", SenderID: "s4", Message: "5 \u2028\x00é 🙂 {now} $1",
			Status: channels.StatusRead, CreatedAt: at, ReplyBy: at.Add(time.Hour), ConversationLink: "https://app.example/6",
			Attachments: []channels.Attachment{
				{ID: "7", Type: "image/png", URL: "https://app.example/8", Name: "9", Size: 10.5, PreviewURL: "https://app.example/11", LinkExpires: true},
				{ID: "12", Type: "text/plain", URL: "https://app.example/13"},
			},
		}
		o := s.open(s.config())
		s.append(o, "a", want)
		entries, err := o.List(t.Context(), outbox.Filter{Installation: "a", States: []outbox.State{outbox.Waiting}})
		if err != nil || len(entries) != 1 {
			t.Fatalf("List: %v, %v", entries, err)
		}
		if got := entries[0].Message; !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		v := reflect.ValueOf(want)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("this test has no value for %s: is it stored?", v.Type().Field(i).Name)
			}
		}
	})
}

// A worker that finds nothing goes home just as a message is appended.
func TestNoAppendIsForgotten(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		o := s.open(s.config())
		s.run(o)
		const writers, each = 4, 50
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				name := fmt.Sprint("installation-", w)
				for n := range each {
					s.append(o, name, message("c", n))
					if n%5 == w { // now and then the message meets an installation that has just become idle
						s.eventually("the installation is idle", s.idle(o, name))
					}
				}
			})
		}
		all.Wait()
		s.eventually("everything is delivered", s.arrived(writers*each))
	})
}
