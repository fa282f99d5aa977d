// Package pgstore keeps the tokens of an app's installations in Postgres, for any number of hosts:
//
//	store, err := pgstore.Open(ctx, pool)
//	app, err := auth.NewApp(auth.AppConfig{Store: store, …})
//
// It implements [auth.Store], and [auth.StateStore], so that a state which came back to the callback
// of one host is known to all. A refresh holds a lock of its database session and saves on the same
// connection: a lost connection is a lost lock, and then a failed save. The server ends a session that
// says nothing for the lease, 40 seconds by default. So a host that dies, stops or is cut off
// holds up the refreshes of one installation no longer than that.
//
// Connections must reach the server as sessions: a pooler such as PgBouncer has to be in session mode.
// Postgres 14 or later is needed. The tokens are stored as they are: the database is the secret.
package pgstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/scale/internal/migrate"
)

//go:embed migration
var migrations embed.FS

const (
	schema       = "pdchannels_auth"
	defaultLease = 40 * time.Second // a refresh makes one call of 15 seconds at most
	saveTime     = 10 * time.Second
)

// ErrNewerSchema is a database that a newer version of this package has migrated.
var ErrNewerSchema = migrate.ErrNewer

// Store is an [auth.Store] in the schema pdchannels_auth of a database. All methods may be called
// concurrently. An Update takes a connection of the pool for as long as it runs.
type Store struct {
	pool  *pgxpool.Pool
	lease time.Duration
}

// Option changes a default of [Open].
type Option func(*Store)

// WithLease changes how long a host that says nothing keeps the lock of an installation. The function
// of an Update has three quarters of it. The default is 40 seconds.
func WithLease(lease time.Duration) Option { return func(s *Store) { s.lease = lease } }

// Open returns the store in a database, whose schema it brings up to date. The pool stays the caller's.
func Open(ctx context.Context, pool *pgxpool.Pool, options ...Option) (*Store, error) {
	s := &Store{pool: pool, lease: defaultLease}
	for _, option := range options {
		option(s)
	}
	if s.lease < time.Millisecond {
		return nil, fmt.Errorf("pgstore: open: a lease of %v is too short", s.lease)
	}
	err := migrate.Postgres(ctx, pool, schema, func(db *sql.DB) error {
		return migrate.Run(ctx, db, migrations, "migration", schema+".migration")
	})
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	return s, nil
}

// Load implements [auth.Store].
func (s *Store) Load(ctx context.Context, key auth.Installation) (auth.Record, error) {
	r, err := load(ctx, s.pool, key)
	if err != nil {
		return nil, fmt.Errorf("pgstore: load %v: %w", key, err)
	}
	return r, nil
}

type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

func load(ctx context.Context, db querier, key auth.Installation) (record []byte, err error) {
	err = db.QueryRow(ctx, `SELECT record FROM pdchannels_auth.record WHERE company_id = $1 AND user_id = $2`,
		key.CompanyID, key.UserID).Scan(&record)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return record, err
}

// Update implements [auth.Store].
func (s *Store) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	held, err := s.lock(ctx, key)
	if err != nil {
		return fmt.Errorf("pgstore: lock %v: %w", key, err)
	}
	defer held.free()
	record, err := load(ctx, held.conn, key)
	if err != nil {
		return fmt.Errorf("pgstore: load %v: %w", key, err)
	}
	bounded, cancel := context.WithDeadline(ctx, held.until)
	defer cancel()
	return f(bounded, record, func(r auth.Record) error {
		// What the OAuth server has given must be saved even if the caller has left.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
		defer cancel()
		if err := held.save(ctx, key, r); err != nil {
			return fmt.Errorf("pgstore: save %v: %w", key, err)
		}
		return nil
	})
}

// Installations returns the installations that have a record, in no order. A record stays after an
// uninstall, without tokens.
func (s *Store) Installations(ctx context.Context) ([]auth.Installation, error) {
	rows, err := s.pool.Query(ctx, `SELECT company_id, user_id FROM pdchannels_auth.record`)
	if err != nil {
		return nil, fmt.Errorf("pgstore: list installations: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[auth.Installation])
	if err != nil {
		return nil, fmt.Errorf("pgstore: list installations: %w", err)
	}
	return all, nil
}

// UseState implements [auth.StateStore].
func (s *Store) UseState(ctx context.Context, state string, ends time.Time) (first bool, err error) {
	digest := sha256.Sum256([]byte(state))
	tag, err := s.pool.Exec(ctx, `INSERT INTO pdchannels_auth.state (digest, ends) VALUES ($1, $2) ON CONFLICT DO NOTHING`, digest[:], ends)
	if err != nil {
		return false, fmt.Errorf("pgstore: remember a state: %w", err)
	}
	// Some of the ended ones go each time, so no cleanup job is needed.
	_, err = s.pool.Exec(ctx, `DELETE FROM pdchannels_auth.state WHERE digest IN
		(SELECT digest FROM pdchannels_auth.state WHERE ends < now() - interval '1 hour' LIMIT 100)`)
	if err != nil {
		return false, fmt.Errorf("pgstore: forget ended states: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// lockName names the lock of an installation among all advisory locks of the database.
func lockName(key auth.Installation) string {
	return schema + " " + strconv.FormatInt(key.CompanyID, 10) + " " + strconv.FormatInt(key.UserID, 10)
}
