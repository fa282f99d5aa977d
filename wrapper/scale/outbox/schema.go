package outbox

// This file brings the schema up to date: ours by numbered SQL files, River's by its own migrations.

import (
	"context"
	"database/sql"
	"embed"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/migrate"
)

//go:embed migration
var migrations embed.FS

// ErrNewerSchema is a database that a newer version of this package has migrated.
var ErrNewerSchema = migrate.ErrNewer

func migrateSQLite(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	if err := migrate.Run(ctx, db, migrations, "migration/sqlite", sqlite.sql("{t}migration")); err != nil {
		return err
	}
	return migrateRiver(ctx, riversqlite.New(db), "", log)
}

func migratePostgres(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	return migrate.Postgres(ctx, pool, schemaName, func(db *sql.DB) error {
		if err := migrate.Run(ctx, db, migrations, "migration/postgres", postgres.sql("{t}migration")); err != nil {
			return err
		}
		return migrateRiver(ctx, riverpgxv5.New(pool), schemaName, log)
	})
}

// inTx runs f in a transaction.
func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}
