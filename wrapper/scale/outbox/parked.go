package outbox

// This file is for operators: what is in the outbox, and what to do about refused messages.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// ErrNotParked is a message that is not parked: it was retried or dropped already, or never refused.
var ErrNotParked = errors.New("there is no such parked message")

// State is how far a message has come in the outbox.
type State int

// The states.
const (
	Waiting   State = iota // to be delivered
	Delivered              // and kept for as long as [Config.Keep] says
	Parked                 // refused: it and its conversation wait for [Outbox.Retry] or [Outbox.Drop]
)

// String returns "waiting", "delivered" or "parked".
func (s State) String() string {
	if s < Waiting || s > Parked {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return [...]string{"waiting", "delivered", "parked"}[s]
}

// Entry is a message in the outbox.
type Entry struct {
	Number       int64 // its place: numbers grow within an installation
	Installation string
	State        State
	Message      channels.ReceiveMessageRequest
	AppendedAt   time.Time
	SettledAt    time.Time // when it was delivered or parked; zero if it waits
	RetryAt      time.Time // when it is tried again; zero if it has not failed
	Attempts     int       // deliveries that failed
	Problem      string    // of the last of them; empty if there is none
}

// Filter chooses entries. The zero value chooses the first 100 of all.
type Filter struct {
	Installation string  // empty: all
	States       []State // empty: all
	After        int64   // the number of the last entry of the page before
	Limit        int     // 0 means 100
}

// List returns entries by number.
func (o *Outbox) List(ctx context.Context, f Filter) ([]Entry, error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	states := 0
	for _, s := range f.States {
		states |= 1 << s
	}
	if states == 0 {
		states = 1<<Waiting | 1<<Delivered | 1<<Parked
	}
	entries, err := o.store.entries(ctx, `m.seq > $1 AND ($2 = '' OR m.installation = $2) AND (1 << m.state) & $3 <> 0 ORDER BY m.seq LIMIT $4`,
		f.After, f.Installation, states, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: list: %w", err)
	}
	return entries, nil
}

// Parked returns the parked messages of an installation, or of all if it is empty.
func (o *Outbox) Parked(ctx context.Context, installation string) ([]Entry, error) {
	entries, err := o.store.entries(ctx, `m.state = 2 AND ($1 = '' OR m.installation = $1) ORDER BY m.seq`, installation)
	if err != nil {
		return nil, fmt.Errorf("outbox: list parked messages: %w", err)
	}
	return entries, nil
}

// Retry delivers a parked message anew, and then the rest of its conversation.
func (o *Outbox) Retry(ctx context.Context, number int64) error {
	return o.release(ctx, "retry", `UPDATE {t}message SET state = 0, settled_at = NULL, error = NULL, attempts = 0 WHERE seq = $1 AND state = 2`, number)
}

// Drop removes a parked message. The rest of its conversation is delivered without it.
func (o *Outbox) Drop(ctx context.Context, number int64) error {
	return o.release(ctx, "drop", `DELETE FROM {t}message WHERE seq = $1 AND state = 2`, number)
}

func (o *Outbox) release(ctx context.Context, what, change string, number int64) error {
	s := o.store
	err := inTx(ctx, s.db, func(tx *sql.Tx) error {
		var installation string
		err := tx.QueryRowContext(ctx, s.sql(`SELECT installation FROM {t}message WHERE seq = $1 AND state = 2`), number).Scan(&installation)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotParked
		}
		if err != nil {
			return err
		}
		turned, err := sqlTx{tx}.queryInt(ctx, s.sql(lockLane), installation)
		if err != nil {
			return err
		}
		if err := s.changed(tx.ExecContext(ctx, s.sql(change), number)); err != nil {
			if errors.Is(err, errLost) {
				return ErrNotParked // by somebody who was faster
			}
			return err
		}
		if turned == 0 {
			return nil
		}
		return wake(ctx, sqlTx{tx}, s.dialect, func(args drainArgs) error { return s.insert(ctx, tx, args) }, installation)
	})
	if err != nil {
		return fmt.Errorf("outbox: %s message %d: %w", what, number, err)
	}
	return nil
}

func (s *store) entries(ctx context.Context, condition string, args ...any) ([]Entry, error) {
	rows, err := s.db.QueryContext(ctx, s.sql(`SELECT m.seq, m.installation, m.state, m.channel, m.conversation, m.message, m.body,
		m.appended_at, coalesce(m.settled_at, 0), coalesce(m.retry_at, 0), m.attempts, coalesce(m.error, '')
		FROM {t}message AS m WHERE `+condition), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var r row
		var appended, settled, retry int64
		if err := rows.Scan(&e.Number, &e.Installation, &e.State, &r.channel, &r.conversation, &r.id, &r.body,
			&appended, &settled, &retry, &e.Attempts, &e.Problem); err != nil {
			return nil, err
		}
		if e.Message, err = r.request(); err != nil {
			e.Problem = err.Error()
		}
		e.AppendedAt, e.SettledAt, e.RetryAt = timeOf(appended), timeOf(settled), timeOf(retry)
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// timeOf reads a time of the database; 0 is none.
func timeOf(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis)
}
