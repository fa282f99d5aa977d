package outbox

// This file is what workers do in the database: claim a lane, read its rows, write down what
// became of them, and let go of it. Whatever changes who works on a lane begins a new epoch.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// errLost says that somebody else has taken the lane over.
var errLost = errors.New("the lane was taken over")

type store struct {
	db      *sql.DB
	dialect dialect
	insert  func(context.Context, *sql.Tx, drainArgs) error
}

func (s *store) sql(query string) string { return s.dialect.sql(query) }

// claim is a lane that this process works on.
type claim struct {
	installation string
	epoch        int64
	owner        string
}

// leave is what a worker leaves behind as it lets go of a lane.
type leave struct {
	process   string
	window    time.Duration // how long another process should wait before it sends
	delivered int           // messages since it claimed the lane
}

// row is a message that waits.
type row struct {
	seq                       int64
	channel, conversation, id string
	body                      []byte
	attempts                  int
	appended                  time.Time
}

// key names the conversation of the row.
func (r row) key() string { return r.channel + "\x00" + r.conversation }

// claim takes the lane in the epoch of a job; false if the job is out of date. wait is how long the
// requests of an earlier owner still count in Pipedrive's window.
func (s *store) claim(ctx context.Context, args drainArgs, owner, process string) (c claim, wait time.Duration, ok bool, err error) {
	var last string
	var millis int64
	err = s.db.QueryRowContext(ctx, s.sql(`UPDATE {t}claim SET state = 2, owner = $1, since = {now}, wake_at = NULL, reason = ''
		WHERE installation = $2 AND epoch = $3 AND state = 1 RETURNING last_owner, window_until - {now}`),
		owner, args.Installation, args.Epoch).Scan(&last, &millis)
	if errors.Is(err, sql.ErrNoRows) {
		return claim{}, 0, false, nil
	}
	if last != process && millis > 0 {
		wait = min(time.Duration(millis)*time.Millisecond, window) // no longer, whatever happened to the clock
	}
	return claim{args.Installation, args.Epoch, owner}, wait, err == nil, err
}

// held is a row whose conversation has to wait: for an operator, or for the time of another try.
// A time that no pause explains is of a clock that was set back. The first condition is the index's.
const held = `EXISTS (SELECT 1 FROM {t}message AS h
	WHERE h.installation = m.installation AND h.channel = m.channel AND h.conversation = m.conversation
	AND (h.state = 2 OR h.retry_at IS NOT NULL) AND (h.state = 2 OR h.retry_at > {now} AND h.retry_at <= {now} + 600000))`

// held returns the keys of the conversations that have to wait.
func (s *store) held(ctx context.Context, installation string) (keys []string, err error) {
	rows, err := s.db.QueryContext(ctx, s.sql(`SELECT DISTINCT m.channel, m.conversation FROM {t}message AS m
		WHERE m.installation = $1 AND (m.state = 2 OR m.retry_at IS NOT NULL) AND `+held), installation)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.channel, &r.conversation); err != nil {
			return nil, err
		}
		keys = append(keys, r.key())
	}
	return keys, rows.Err()
}

// page returns up to limit rows that can be delivered, from after on.
func (s *store) page(ctx context.Context, installation string, after int64, limit int) ([]row, error) {
	rows, err := s.db.QueryContext(ctx, s.sql(`SELECT m.seq, m.channel, m.conversation, m.message, m.body, m.attempts, m.appended_at
		FROM {t}message AS m WHERE m.installation = $1 AND m.state = 0 AND m.seq > $2 AND NOT `+held+` ORDER BY m.seq LIMIT $3`),
		installation, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var page []row
	for rows.Next() {
		var r row
		var appended int64
		if err := rows.Scan(&r.seq, &r.channel, &r.conversation, &r.id, &r.body, &r.attempts, &appended); err != nil {
			return nil, err
		}
		r.appended = time.UnixMilli(appended)
		page = append(page, r)
	}
	return page, rows.Err()
}

// delivered marks rows in one transaction. It asks for no epoch: that a row was delivered stays true
// whoever owns the lane now, and saves the new owner from delivering it again.
func (s *store) delivered(ctx context.Context, seqs []int64, keep bool) error {
	list, err := json.Marshal(seqs)
	if err != nil {
		return err
	}
	query := `UPDATE {t}message SET state = 1, settled_at = {now}, retry_at = NULL, error = NULL WHERE seq IN {list $1} AND state = 0`
	if !keep {
		query = `DELETE FROM {t}message WHERE seq IN {list $1} AND state = 0`
	}
	_, err = s.db.ExecContext(ctx, s.sql(query), string(list))
	return err
}

// owned locks the claim against a takeover; errLost if that has happened.
func (s *store) owned(ctx context.Context, tx *sql.Tx, c claim) error {
	var one int
	err := tx.QueryRowContext(ctx, s.sql(`SELECT 1 FROM {t}claim WHERE installation = $1 AND epoch = $2 AND owner = $3 {lock}`),
		c.installation, c.epoch, c.owner).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return errLost
	}
	return err
}

// park keeps a row that was refused, and with it its conversation.
func (s *store) park(ctx context.Context, c claim, seq int64, problem string) error {
	return s.fenced(ctx, c, `UPDATE {t}message SET state = 2, settled_at = {now}, retry_at = NULL, attempts = attempts + 1, error = $1
		WHERE seq = $2 AND state = 0`, problem, seq)
}

// postpone holds the conversation of a row that failed for now.
func (s *store) postpone(ctx context.Context, c claim, seq int64, pause time.Duration, problem string) error {
	return s.fenced(ctx, c, `UPDATE {t}message SET retry_at = {now} + $1, attempts = attempts + 1, error = $2
		WHERE seq = $3 AND state = 0`, pause.Milliseconds(), problem, seq)
}

// fenced executes a statement if the claim is still held.
func (s *store) fenced(ctx context.Context, c claim, query string, args ...any) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		if err := s.owned(ctx, tx, c); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.sql(query), args...)
		return err
	})
}

// finish lets go of a lane that has nothing to deliver. It reports true if it has: appends
// since the last look, under the lock that appends take.
func (s *store) finish(ctx context.Context, c claim, l leave) (more bool, err error) {
	err = inTx(ctx, s.db, func(tx *sql.Tx) error {
		var one int
		err := tx.QueryRowContext(ctx, s.sql(`SELECT 1 FROM {t}lane WHERE installation = $1 {skip}`), c.installation).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			more = true // an append is under way
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.owned(ctx, tx, c); err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, s.sql(`SELECT 1 FROM {t}message AS m WHERE m.installation = $1 AND m.state = 0 AND NOT `+held+` LIMIT 1`),
			c.installation).Scan(&one)
		if err == nil {
			more = true
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.sql(`UPDATE {t}lane SET busy = {false} WHERE installation = $1`), c.installation); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.sql(`UPDATE {t}claim SET state = 0, owner = '', since = {now}, last_owner = $1, window_until = {now} + $2,
			delivered = delivered + $3,
			wake_at = (SELECT min(m.retry_at) FROM {t}message AS m WHERE m.installation = $4 AND m.state = 0 AND m.retry_at IS NOT NULL)
			WHERE installation = $4`), l.process, l.window.Milliseconds(), l.delivered, c.installation)
		return err
	})
	return more, err
}

// sleep lets go of a lane whose installation cannot take anything for a while. Appends do not wake it.
func (s *store) sleep(ctx context.Context, c claim, l leave, pause time.Duration, reason string) error {
	return s.changed(s.db.ExecContext(ctx, s.sql(`UPDATE {t}claim SET state = 3, owner = '', since = {now}, last_owner = $1,
		window_until = {now} + $2, delivered = delivered + $3, wake_at = {now} + $4, reason = $5
		WHERE installation = $6 AND epoch = $7 AND owner = $8`),
		l.process, l.window.Milliseconds(), l.delivered, pause.Milliseconds(), reason, c.installation, c.epoch, c.owner))
}

// handOver lets go of a lane that has rows, with a new job for whoever is free.
func (s *store) handOver(ctx context.Context, c claim, l leave) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		err := s.changed(tx.ExecContext(ctx, s.sql(`UPDATE {t}claim SET epoch = epoch + 1, state = 1, owner = '', since = {now},
			last_owner = $1, window_until = {now} + $2, delivered = delivered + $3 WHERE installation = $4 AND epoch = $5 AND owner = $6`),
			l.process, l.window.Milliseconds(), l.delivered, c.installation, c.epoch, c.owner))
		if err != nil {
			return err
		}
		return s.insert(ctx, tx, drainArgs{Installation: c.installation, Epoch: c.epoch + 1})
	})
}

// changed is errLost if a statement on the claim changed nothing.
func (s *store) changed(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = errLost
	}
	return err
}
