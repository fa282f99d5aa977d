package outbox

// This file is all that knows of River, which brings jobs to workers: wake-up within milliseconds
// of a commit, thousands of workers in a process, jobs of dead processes run again.

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

const (
	queue      = "pdchannels_outbox"
	schemaName = "pdchannels_outbox" // on Postgres: an app may have a River of its own beside it
	maxWorkers = 5000                // each a goroutine that mostly waits for its installation's limits
	// jobTime is how long a job may run; a lane that is busy for longer gets a new one.
	// A job is bounded at all so that River removes those of dead processes.
	jobTime = time.Hour
)

// drainArgs is a job: to deliver what waits for an installation, in one epoch of its claim.
type drainArgs struct {
	Installation string `json:"installation"`
	Epoch        int64  `json:"epoch"`
}

// Kind implements [river.JobArgs].
func (drainArgs) Kind() string { return "pdchannels_outbox_drain" }

// InsertOpts implements [river.JobArgsWithInsertOpts]. Jobs are not unique for River: the lane
// is what sees to that.
func (drainArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue, MaxAttempts: 1000}
}

// engine inserts jobs in transactions, and starts workers.
type engine struct {
	insertSQL func(context.Context, *sql.Tx, drainArgs) error
	insertPgx func(context.Context, pgx.Tx, drainArgs) error // nil on SQLite
	start     func(context.Context, *slog.Logger, func(context.Context, drainArgs) error) (stop func(context.Context) error, err error)
}

func inserter[TTx any](driver riverdriver.Driver[TTx], schema string) (func(context.Context, TTx, drainArgs) error, error) {
	// Notifications within the cooldown of another are not sent: the second of two installations would wait for a poll.
	client, err := river.NewClient(driver, &river.Config{Schema: schema, FetchCooldown: river.FetchCooldownMin})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx TTx, args drainArgs) error {
		_, err := client.InsertTx(ctx, tx, args, nil)
		return err
	}, nil
}

func starter[TTx any](driver riverdriver.Driver[TTx], schema string) func(context.Context, *slog.Logger, func(context.Context, drainArgs) error) (func(context.Context) error, error) {
	return func(ctx context.Context, log *slog.Logger, work func(context.Context, drainArgs) error) (func(context.Context) error, error) {
		workers := river.NewWorkers()
		if err := river.AddWorkerSafely(workers, &worker{work: work}); err != nil {
			return nil, err
		}
		client, err := river.NewClient(driver, &river.Config{
			Schema: schema, Workers: workers, Logger: log,
			Queues:               map[string]river.QueueConfig{queue: {MaxWorkers: maxWorkers}},
			FetchCooldown:        20 * time.Millisecond,
			FetchPollInterval:    time.Second, // should a notification get lost
			JobTimeout:           jobTime,
			RescueStuckJobsAfter: jobTime + time.Minute,
			RetryPolicy:          soon{},

			CompletedJobRetentionPeriod: 10 * time.Minute,
		})
		if err != nil {
			return nil, err
		}
		if err := client.Start(ctx); err != nil {
			return nil, err
		}
		return client.Stop, nil
	}
}

// worker runs the jobs.
type worker struct {
	river.WorkerDefaults[drainArgs]
	work func(context.Context, drainArgs) error
}

// Work implements [river.Worker].
func (w *worker) Work(ctx context.Context, job *river.Job[drainArgs]) error {
	return w.work(ctx, job.Args)
}

func sqliteEngine(db *sql.DB) (*engine, error) {
	insert, err := inserter(riversqlite.New(db), "")
	return &engine{insertSQL: insert, start: starter(riversqlite.New(db), "")}, err
}

func postgresEngine(pool *pgxpool.Pool) (*engine, error) {
	// Clients without a pool insert in transactions that the caller brings, of either driver.
	insertSQL, err := inserter(riverdatabasesql.New(nil), schemaName)
	if err != nil {
		return nil, err
	}
	insertPgx, err := inserter(riverpgxv5.New(nil), schemaName)
	return &engine{insertSQL: insertSQL, insertPgx: insertPgx, start: starter(riverpgxv5.New(pool), schemaName)}, err
}

func migrateRiver[TTx any](ctx context.Context, driver riverdriver.Driver[TTx], schema string, log *slog.Logger) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Schema: schema, Logger: quiet(log)})
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// soon retries a job that could not even be claimed, as when the database went away.
type soon struct{}

// NextRetry implements [river.ClientRetryPolicy].
func (soon) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Second) }
