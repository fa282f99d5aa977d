// Package migrate runs numbered SQL files against a database, each once.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrNewer is a database that a newer version of the program has migrated.
var ErrNewer = errors.New("the schema is newer than this program")

// Run runs the files of the folder that the database has not seen, in the order of their names, each in
// a transaction of its own. The table remembers how many it has seen. In a file each statement
// ends with a semicolon at the end of a line.
func Run(ctx context.Context, db *sql.DB, files fs.FS, folder, table string) error {
	names, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+table+` (version integer PRIMARY KEY, applied_at timestamp NOT NULL)`); err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM `+table).Scan(&version); err != nil {
		return err
	}
	if version > len(names) {
		return fmt.Errorf("%w: %s has version %d, this program knows %d", ErrNewer, table, version, len(names))
	}
	for i, name := range names[version:] {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := apply(ctx, db, string(text), table, version+i+1); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, text, table string, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	//nolint:gosec // the name of the table is the program's
	if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (version, applied_at) VALUES ($1, CURRENT_TIMESTAMP)`, version); err != nil {
		return err
	}
	return tx.Commit()
}

// Postgres makes the schema and runs f on a connection that has locked it, so that hosts
// which start together take turns.
func Postgres(ctx context.Context, pool *pgxpool.Pool, schema string, f func(*sql.DB) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", "migrate "+schema); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtextextended($1, 0))", "migrate "+schema)
	}()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", schema).Scan(&exists); err != nil {
		return err
	}
	if !exists { // IF NOT EXISTS would ask for the right to create one all the same
		if _, err := conn.Exec(ctx, "CREATE SCHEMA "+schema); err != nil {
			return err
		}
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	return f(db)
}
