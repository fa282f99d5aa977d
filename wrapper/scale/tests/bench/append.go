package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

func message(conversation string, n int) channels.ReceiveMessageRequest {
	return channels.ReceiveMessageRequest{
		ID: fmt.Sprintf("message-%s-%d", conversation, n), ProviderChannelID: "whatsapp-4915112345678", ConversationID: conversation, SenderID: "person-7",
		Message: "Is the blue one in stock? " + strings.Repeat("x", 100), Status: channels.StatusSent, CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
	}
}

// storage is an outbox and, in the same database, a bare table of the same columns.
type storage struct {
	box  *outbox.Outbox
	bare func(ctx context.Context, batch []string) error // in one commit
	// both commit an app's own row, with a message in the outbox or with a bare row.
	withOutbox, withBare func(ctx context.Context, installation string, m channels.ReceiveMessageRequest) error
	close                func()
}

const (
	bareTable = `CREATE TABLE bare (id %s, installation text NOT NULL, body text NOT NULL)`
	appTable  = `CREATE TABLE app (id %s, body text NOT NULL)`
	insertApp = `INSERT INTO app (body) VALUES ('a customer wrote')`
)

var row = strings.Repeat("x", 430) // the bytes of the columns and the body of a message

func open(ctx context.Context, database string) (*storage, error) {
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		return openSQLite(ctx, file)
	}
	return openPostgres(ctx, database)
}

func openSQLite(ctx context.Context, file string) (*storage, error) {
	db, err := outbox.OpenDB(file)
	if err != nil {
		return nil, err
	}
	box, err := outbox.OnSQLite(ctx, db, outbox.Config{})
	if err != nil {
		return nil, err
	}
	for _, table := range []string{bareTable, appTable} {
		if _, err := db.ExecContext(ctx, fmt.Sprintf(table, "INTEGER PRIMARY KEY AUTOINCREMENT")); err != nil {
			return nil, err
		}
	}
	inTx := func(ctx context.Context, f func(*sql.Tx) error) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	}
	insert := func(ctx context.Context, tx *sql.Tx, body string) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO bare (installation, body) VALUES ($1, $2)`, "a", body)
		return err
	}
	return &storage{
		box: box, close: func() { _ = db.Close() },
		bare: func(ctx context.Context, batch []string) error {
			return inTx(ctx, func(tx *sql.Tx) error {
				for _, body := range batch {
					if err := insert(ctx, tx, body); err != nil {
						return err
					}
				}
				return nil
			})
		},
		withBare: func(ctx context.Context, _ string, _ channels.ReceiveMessageRequest) error {
			return inTx(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, insertApp); err != nil {
					return err
				}
				return insert(ctx, tx, row)
			})
		},
		withOutbox: func(ctx context.Context, installation string, m channels.ReceiveMessageRequest) error {
			return inTx(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, insertApp); err != nil {
					return err
				}
				return box.AppendTx(ctx, tx, installation, m)
			})
		},
	}, nil
}

func openPostgres(ctx context.Context, database string) (*storage, error) {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	box, err := outbox.OnPostgres(ctx, pool, outbox.Config{})
	if err != nil {
		return nil, err
	}
	for _, table := range []string{bareTable, appTable} {
		if _, err := pool.Exec(ctx, fmt.Sprintf(table, "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY")); err != nil {
			return nil, err
		}
	}
	const insert = `INSERT INTO bare (installation, body) VALUES ($1, $2)`
	return &storage{
		box: box, close: pool.Close,
		bare: func(ctx context.Context, batch []string) error {
			if len(batch) == 1 { // one round trip: the server commits by itself
				_, err := pool.Exec(ctx, insert, "a", batch[0])
				return err
			}
			_, err := pool.Exec(ctx, `INSERT INTO bare (installation, body) SELECT 'a', unnest($1::text[])`, batch)
			return err
		},
		withBare: func(ctx context.Context, _ string, _ channels.ReceiveMessageRequest) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, insertApp); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, insert, "a", row)
				return err
			})
		},
		withOutbox: func(ctx context.Context, installation string, m channels.ReceiveMessageRequest) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, insertApp); err != nil {
					return err
				}
				return box.AppendPgxTx(ctx, tx, installation, m)
			})
		},
	}, nil
}

// appendRows prints how fast messages go in, by one writer and by eight for eight installations.
func appendRows(ctx context.Context, engine string, fresh func() (string, error)) error {
	writers := []int{1, 8}
	if engine == "SQLite" {
		writers = []int{1}
	}
	for _, w := range writers {
		for _, c := range []struct {
			name    string
			batch   int
			bare    func(*storage, context.Context, string, int) error
			appends func(*storage, context.Context, string, int) error
		}{
			{"one by one", 1, bareBatch(1), appendBatch(1)},
			{"in the app's transaction", 1,
				func(s *storage, ctx context.Context, name string, n int) error {
					return s.withBare(ctx, name, message(name, n))
				},
				func(s *storage, ctx context.Context, name string, n int) error {
					return s.withOutbox(ctx, name, message(name, n))
				}},
			{"in batches of 100", 100, bareBatch(100), appendBatch(100)},
		} {
			database, err := fresh()
			if err != nil {
				return err
			}
			s, err := open(ctx, database)
			if err != nil {
				return err
			}
			// In turns, so that a slow moment of the machine meets both.
			const turns = 5
			var bare, appended time.Duration
			rounds := max(1, *appends/c.batch/w/turns)
			for range turns {
				took, err := s.each(ctx, w, rounds, c.bare)
				if err != nil {
					return err
				}
				bare += took
				if took, err = s.each(ctx, w, rounds, c.appends); err != nil {
					return err
				}
				appended += took
			}
			n := rounds * turns * w * c.batch
			fmt.Printf("%-9s append %-25s %d writer(s)  bare %7.0f/s  outbox %7.0f/s  ratio %.2f\n", engine, c.name, w,
				rate(n, bare), rate(n, appended), bare.Seconds()/appended.Seconds())
			s.close()
		}
	}
	return nil
}

func bareBatch(size int) func(*storage, context.Context, string, int) error {
	batch := make([]string, size)
	for i := range batch {
		batch[i] = row
	}
	return func(s *storage, ctx context.Context, _ string, _ int) error { return s.bare(ctx, batch) }
}

func appendBatch(size int) func(*storage, context.Context, string, int) error {
	return func(s *storage, ctx context.Context, name string, n int) error {
		batch := make([]channels.ReceiveMessageRequest, size)
		for i := range batch {
			batch[i] = message(fmt.Sprintf("%s-%d", name, i%10), n*size+i)
		}
		return s.box.Append(ctx, name, batch...)
	}
}

// each has writers do something so many times, and says how long that took.
func (s *storage) each(ctx context.Context, writers, rounds int, f func(*storage, context.Context, string, int) error) (time.Duration, error) {
	began := time.Now()
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			name := fmt.Sprintf("installation-%d", w)
			for n := 0; n < rounds && errs[w] == nil; n++ {
				errs[w] = f(s, ctx, name, n)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}
