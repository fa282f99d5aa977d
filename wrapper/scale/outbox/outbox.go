package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// Config says how an outbox delivers. Only Client is required, and only by [Outbox.Run].
type Config struct {
	// Client makes the client of an installation, with the token source of that installation. The outbox
	// asks once for each installation that it works on and keeps the client, with its limiter: nothing
	// else should send in the name of the installation, or share that limiter. An error puts
	// the installation to sleep for a while. It may be called concurrently.
	Client func(ctx context.Context, installation string) (*channels.Client, error)

	// Keep is how long delivered messages are kept, for a look at them. 0 means a day; negative, that
	// they are removed within a minute.
	Keep time.Duration

	// Logger is told what an operator has to know: parked messages, sleeping installations, takeovers,
	// trouble with the database. Neither texts nor credentials are logged. nil is slog.Default().
	Logger *slog.Logger

	// Observer is told of deliveries, for metrics. The zero value tells nobody.
	Observer Observer
}

func (c Config) withDefaults() Config {
	if c.Keep == 0 {
		c.Keep = 24 * time.Hour
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Outbox keeps messages in a database until they are delivered. Make one with [OpenSQLite],
// [OnSQLite] or [OnPostgres]. All methods may be called concurrently, and by any number of
// processes on one database.
type Outbox struct {
	config Config
	store  *store
	engine *engine
	pool   *pgxpool.Pool // nil on SQLite
	file   string        // the SQLite database's; empty if it has none, and on Postgres
	close  func() error
}

// ErrPostgresOnly is an append to an outbox on SQLite in a transaction of pgx.
var ErrPostgresOnly = errors.New("a transaction of pgx belongs to an outbox on Postgres")

// OpenDB opens an SQLite file as an outbox needs it: one connection, write-ahead log, each commit
// synchronised to the disk, transactions that wait for their turn at the start. An app that keeps
// its own tables in the file gets its transactions from here, for [Outbox.AppendTx].
func OpenDB(file string) (*sql.DB, error) {
	return openSQLite(file)
}

// OpenSQLite opens the outbox in an SQLite file, which is created if it is not there. [Outbox.Close]
// closes it.
func OpenSQLite(ctx context.Context, file string, config Config) (*Outbox, error) {
	db, err := openSQLite(file)
	if err != nil {
		return nil, err
	}
	o, err := OnSQLite(ctx, db, config)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	o.close = db.Close
	return o, nil
}

// OnSQLite returns the outbox in a database of [OpenDB], whose schema it brings up to date. The
// database stays the caller's, to be closed after the last call.
func OnSQLite(ctx context.Context, db *sql.DB, config Config) (*Outbox, error) {
	o, err := onSQLite(ctx, db, config.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("outbox: open on SQLite: %w", err)
	}
	return o, nil
}

func onSQLite(ctx context.Context, db *sql.DB, config Config) (*Outbox, error) {
	if err := migrateSQLite(ctx, db, config.Logger); err != nil {
		return nil, err
	}
	file, err := fileOf(ctx, db)
	if err != nil {
		return nil, err
	}
	o := &Outbox{config: config, file: file, close: func() error { return nil }}
	if o.engine, err = sqliteEngine(db); err != nil {
		return nil, err
	}
	o.store = &store{db: db, dialect: sqlite, insert: o.engine.insertSQL}
	return o, nil
}

// OnPostgres returns the outbox in the schema pdchannels_outbox of a Postgres database, which it
// brings up to date. The pool stays the caller's, to be closed after the last call.
func OnPostgres(ctx context.Context, pool *pgxpool.Pool, config Config) (*Outbox, error) {
	o, err := onPostgres(ctx, pool, config.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("outbox: open on Postgres: %w", err)
	}
	return o, nil
}

func onPostgres(ctx context.Context, pool *pgxpool.Pool, config Config) (*Outbox, error) {
	if err := migratePostgres(ctx, pool, config.Logger); err != nil {
		return nil, err
	}
	engine, err := postgresEngine(pool)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	db.SetMaxIdleConns(0) // the pool keeps them
	return &Outbox{
		config: config, engine: engine, pool: pool, close: db.Close,
		store: &store{db: db, dialect: postgres, insert: engine.insertSQL},
	}, nil
}

// Close frees what the outbox has opened itself. Call it after [Outbox.Run] has returned.
func (o *Outbox) Close() error { return o.close() }

// Append keeps the messages for the installation: when it returns nil they survive a crash, and
// [Outbox.Run], here or in another process, will deliver them in this order. After an error
// none of them is kept, unless the connection broke during the commit; then append them again: a
// message that is delivered twice is updated. The installation is any name the app has for it, of up to
// 255 bytes; each id of a message may have up to 1000. An invalid message is a [*channels.FieldError].
func (o *Outbox) Append(ctx context.Context, installation string, messages ...channels.ReceiveMessageRequest) error {
	return o.append(installation, messages, func(rows string) error {
		if o.pool != nil { // mostly there is a job already, and one statement is one round trip and one commit
			var appended int
			if err := o.pool.QueryRow(ctx, o.store.sql(appendBusy), installation, rows).Scan(&appended); err != nil || appended > 0 {
				return err
			}
		}
		return inTx(ctx, o.store.db, func(tx *sql.Tx) error {
			return o.appendTo(ctx, sqlTx{tx}, func(args drainArgs) error { return o.engine.insertSQL(ctx, tx, args) }, installation, rows)
		})
	})
}

// AppendTx is [Outbox.Append] in a transaction of the caller's, of SQLite or Postgres. The
// messages are kept when it is committed. Until then other appends for the installation wait, so
// keep the transaction short; one that appends for several installations should do so in
// their sorted order, as two that wait for each other are a deadlock, which Postgres breaks with an error.
func (o *Outbox) AppendTx(ctx context.Context, tx *sql.Tx, installation string, messages ...channels.ReceiveMessageRequest) error {
	return o.append(installation, messages, func(rows string) error {
		return o.appendTo(ctx, sqlTx{tx}, func(args drainArgs) error { return o.engine.insertSQL(ctx, tx, args) }, installation, rows)
	})
}

// AppendPgxTx is [Outbox.AppendTx] for a transaction of pgx.
func (o *Outbox) AppendPgxTx(ctx context.Context, tx pgx.Tx, installation string, messages ...channels.ReceiveMessageRequest) error {
	return o.append(installation, messages, func(rows string) error {
		if o.engine.insertPgx == nil {
			return ErrPostgresOnly
		}
		return o.appendTo(ctx, pgxTx{tx}, func(args drainArgs) error { return o.engine.insertPgx(ctx, tx, args) }, installation, rows)
	})
}
