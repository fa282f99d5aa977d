package outbox

// This file looks after lanes that nobody works on: sleepers whose time has come, and what dead
// processes have left behind.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// register makes a process known to the others.
func (s *store) register(ctx context.Context, id, host string) error {
	_, err := s.db.ExecContext(ctx, s.sql(`INSERT INTO {t}process (id, host, beat, since) VALUES ($1, $2, 0, {now})`), id, host)
	return err
}

// unregister removes a process that works on nothing any more.
func (s *store) unregister(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, s.sql(`DELETE FROM {t}process WHERE id = $1`), id)
	return err
}

// beat shows the others that the process lives; errLost if they have declared it dead.
func (s *store) beat(ctx context.Context, id string) error {
	return s.changed(s.db.ExecContext(ctx, s.sql(`UPDATE {t}process SET beat = beat + 1 WHERE id = $1`), id))
}

// beats returns the beat of each process.
func (s *store) beats(ctx context.Context) (map[string]int64, error) {
	rows, err := s.db.QueryContext(ctx, s.sql(`SELECT id, beat FROM {t}process`))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	beats := map[string]int64{}
	for rows.Next() {
		var id string
		var beat int64
		if err := rows.Scan(&id, &beat); err != nil {
			return nil, err
		}
		beats[id] = beat
	}
	return beats, rows.Err()
}

// bury declares a process dead if its beat has not changed. Its lanes become orphans. Jobs that
// nobody has claimed get a new epoch too: it may have fetched one and died.
func (s *store) bury(ctx context.Context, id string, beat int64) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		err := s.changed(tx.ExecContext(ctx, s.sql(`DELETE FROM {t}process WHERE id = $1 AND beat = $2`), id, beat))
		if errors.Is(err, errLost) {
			return nil // it lives
		}
		if err != nil {
			return err
		}
		return s.requeue(ctx, tx)
	})
}

// requeue inserts new jobs for lanes whose jobs may be lost.
func (s *store) requeue(ctx context.Context, tx *sql.Tx) error {
	lanes, err := s.list(ctx, tx, `SELECT installation FROM {t}claim WHERE state = 1`)
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		if err := s.renew(ctx, tx, lane, `state = 1`, `takeovers = takeovers`); err != nil {
			return err
		}
	}
	return nil
}

// orphans returns the lanes whose owner is dead.
func (s *store) orphans(ctx context.Context) ([]string, error) {
	return s.list(ctx, s.db, `SELECT c.installation FROM {t}claim AS c WHERE c.owner <> ''
		AND NOT EXISTS (SELECT 1 FROM {t}process AS p WHERE p.id = c.owner) LIMIT 1000`)
}

// adopt gives the orphan to whoever is free.
func (s *store) adopt(ctx context.Context, installation string) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		return s.renew(ctx, tx, installation,
			`owner <> '' AND NOT EXISTS (SELECT 1 FROM {t}process AS p WHERE p.id = owner)`, `takeovers = takeovers + 1`)
	})
}

// renew begins a new epoch of a claim that still meets the condition, with a job for it.
func (s *store) renew(ctx context.Context, tx *sql.Tx, installation, condition, change string) error {
	var epoch int64
	err := tx.QueryRowContext(ctx, s.sql(`UPDATE {t}claim SET epoch = epoch + 1, state = 1, owner = '', since = {now}, wake_at = NULL, reason = '', `+
		change+` WHERE installation = $1 AND `+condition+` RETURNING epoch`), installation).Scan(&epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // somebody else was faster
	}
	if err != nil {
		return err
	}
	return s.insert(ctx, tx, drainArgs{Installation: installation, Epoch: epoch})
}

// passOn makes a new job of one that this process cannot take any more.
func (s *store) passOn(ctx context.Context, args drainArgs) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		return s.renew(ctx, tx, args.Installation, fmt.Sprintf(`state = 1 AND epoch = %d`, args.Epoch), `takeovers = takeovers`)
	})
}

// fillWindows makes the lanes that a dead process has worked on wait until half of what it has sent in
// the last two seconds has left Pipedrive's window. If delivered rows are not kept, it may have sent anything.
func (s *store) fillWindows(ctx context.Context, kept bool) error {
	until := `{now} + $1`
	if kept {
		until = `coalesce((SELECT CAST(avg(m.settled_at) AS integer) + $1 FROM {t}message AS m
			WHERE m.state = 1 AND m.settled_at > {now} - $1 AND m.installation = {t}claim.installation), 0)`
	}
	_, err := s.db.ExecContext(ctx, s.sql(`UPDATE {t}claim SET last_owner = '', window_until = `+until+` WHERE owner <> ''`), window.Milliseconds())
	return err
}

// due is a lane whose time has come, by a clock that may have been set back: then a sleeper would
// sleep too long, and a job would wait for the time that it was inserted at.
const due = `(wake_at <= {now} OR wake_at IS NOT NULL AND since > {now} OR state = 1 AND since > {now} + 1000)`

// sleepers returns the lanes whose time has come.
func (s *store) sleepers(ctx context.Context) ([]string, error) {
	return s.list(ctx, s.db, `SELECT installation FROM {t}claim WHERE `+due+` LIMIT 1000`)
}

// rouse inserts a job for a sleeper. It takes the lane's lock: the lane may be idle, with a
// conversation that is to be tried again, and an append may wake it at the same moment.
func (s *store) rouse(ctx context.Context, installation string) error {
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		if err := s.lock(ctx, tx, installation); err != nil {
			return err
		}
		return s.renew(ctx, tx, installation, due, `takeovers = takeovers`)
	})
}

// lock takes the lane's lock and sets it busy.
func (s *store) lock(ctx context.Context, tx *sql.Tx, installation string) error {
	_, err := tx.ExecContext(ctx, s.sql(`UPDATE {t}lane SET busy = {true} WHERE installation = $1`), installation)
	return err
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s *store) list(ctx context.Context, db querier, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, s.sql(query), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// clean removes what was delivered longer ago than keep, so many at a time that nobody waits for it.
func (s *store) clean(ctx context.Context, keep time.Duration) error {
	for {
		result, err := s.db.ExecContext(ctx, s.sql(`DELETE FROM {t}message WHERE seq IN
			(SELECT seq FROM {t}message WHERE state = 1 AND settled_at < {now} - $1 LIMIT 1000)`), max(keep, 0).Milliseconds())
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n < 1000 {
			return err
		}
	}
}
