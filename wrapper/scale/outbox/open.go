package outbox

// This file opens databases: SQLite as durable as it gets, Postgres with its migrations one host at a time.

import (
	"context"
	"database/sql"
	"log/slog"
	"net/url"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver
)

// openSQLite opens the file with one connection: SQLite has one writer at a time, and to wait for it
// here is cheaper than to be told that the database is busy. Another process waits up to 20 s.
func openSQLite(file string) (*sql.DB, error) {
	query := url.Values{
		"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// fileOf returns where the database is, empty if it is in memory.
func fileOf(ctx context.Context, db *sql.DB) (file string, err error) {
	return file, db.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file)
}

func migrateRiverSQLite(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	return migrateRiver(ctx, riversqlite.New(db), "", log)
}

// migratePostgres migrates under a lock of the session.
func migratePostgres(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	const lock = 7_343_926_105_412 // any number that nobody else locks
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lock) }()
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	var exists bool
	if err := db.QueryRowContext(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, schemaName).Scan(&exists); err != nil {
		return err
	}
	if !exists { // IF NOT EXISTS asks for the right to create one all the same
		if _, err := db.ExecContext(ctx, "CREATE SCHEMA "+schemaName); err != nil {
			return err
		}
	}
	if err := migrate(ctx, db, postgres); err != nil {
		return err
	}
	return migrateRiver(ctx, riverpgxv5.New(pool), schemaName, log)
}

// quiet passes warnings and errors on: what River tells beside them is of no use to an operator.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(warnings{log.Handler()}) }

type warnings struct{ slog.Handler }

// Enabled implements [slog.Handler].
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
