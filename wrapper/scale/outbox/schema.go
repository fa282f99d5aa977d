package outbox

// This file brings the schema up to date: ours by numbered SQL files, River's by its own migrations.

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migration
var migrations embed.FS

// ErrNewerSchema is a database that a newer version of this package has migrated.
var ErrNewerSchema = errors.New("the schema of the outbox is newer than this program")

// migrate runs the files that the database has not seen yet, each in a transaction of its own. On
// Postgres the caller holds a lock, so that hosts which start together take turns.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	files, err := fs.Glob(migrations, "migration/"+d.name+"/*.sql")
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, d.sql(`CREATE TABLE IF NOT EXISTS {t}migration (version integer PRIMARY KEY, applied_at bigint NOT NULL)`)); err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, d.sql(`SELECT coalesce(max(version), 0) FROM {t}migration`)).Scan(&version); err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("%w: the database has version %d, this program knows %d", ErrNewerSchema, version, len(files))
	}
	for i, name := range files[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		err = inTx(ctx, db, func(tx *sql.Tx) error {
			for statement := range strings.SplitSeq(string(text), ";\n") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(ctx, d.sql(`INSERT INTO {t}migration (version, applied_at) VALUES ($1, {now})`), version+i+1)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
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
