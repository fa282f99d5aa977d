package outbox

// This file opens SQLite, as durable as it gets, and lets River say what an operator wants to read.

import (
	"context"
	"database/sql"
	"log/slog"
	"net/url"

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
