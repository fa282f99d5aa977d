package pgstore

// This file is the lock: an advisory one of a session that the server ends if the session falls silent.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

var errEnded = errors.New("the update has ended")

// lock is the lock of an installation, held.
type lock struct {
	until time.Time // when f has to be done
	name  string

	mu   sync.Mutex // a connection is for one at a time, and f may use goroutines
	conn *pgxpool.Conn
	over bool
}

// lock waits for the lock of an installation, as long as ctx lasts.
func (s *Store) lock(ctx context.Context, key auth.Installation) (*lock, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	l := &lock{name: lockName(key), conn: conn}
	// A server learns by keepalives that a host has gone without a word while it waits for the lock. A session that waits is not idle.
	_, err = conn.Exec(ctx, fmt.Sprintf("SET idle_session_timeout = %d; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3",
		s.lease.Milliseconds()))
	if err == nil {
		_, err = conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", l.name)
	}
	if err != nil {
		l.drop()
		return nil, err
	}
	l.until = time.Now().Add(s.lease * 3 / 4)
	return l, nil
}

// save writes on the session that holds the lock: without the lock there is no session.
func (l *lock) save(ctx context.Context, key auth.Installation, r auth.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errEnded
	}
	_, err := l.conn.Exec(ctx, `INSERT INTO pdchannels_auth.record (company_id, user_id, record, saved_at) VALUES ($1, $2, $3, now())
		ON CONFLICT (company_id, user_id) DO UPDATE SET record = excluded.record, saved_at = excluded.saved_at`,
		key.CompanyID, key.UserID, []byte(r))
	return err
}

// free gives the lock back, and the connection to the pool as it was.
func (l *lock) free() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	var held bool
	err := l.conn.QueryRow(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", l.name).Scan(&held)
	if err == nil {
		_, err = l.conn.Exec(ctx, "RESET idle_session_timeout; RESET tcp_keepalives_idle; RESET tcp_keepalives_interval; RESET tcp_keepalives_count")
	}
	if err != nil || !held {
		l.drop()
		return
	}
	l.conn.Release()
}

// drop closes the connection: the lock goes with the session.
func (l *lock) drop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Hijack().Close(ctx)
}
