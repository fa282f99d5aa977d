// Command bench measures the outbox beside what it is made of: an append beside a bare INSERT and
// commit of the same bytes, a delivery beside Deliver alone, in the same run. Run it by make bench-outbox.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/pgtest"
)

var (
	appends   = flag.Int("appends", 4000, "messages of each append row")
	sends     = flag.Int("sends", 20000, "messages of each delivery row")
	processes = flag.String("processes", "1,2,4", "processes that deliver, a row each")
	only      = flag.String("only", "", "append, deliver, takeover or pace")
)

func main() {
	flag.Parse()
	if database := os.Getenv(databaseVariable); database != "" {
		exit(work(database, os.Getenv(apiVariable)))
		return
	}
	exit(bench(context.Background()))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	cluster, err := pgtest.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Close() }()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fresh := map[string]func() (string, error){
		"SQLite": func() (string, error) {
			return "sqlite:" + filepath.Join(dir, fmt.Sprintf("%d.db", time.Now().UnixNano())), nil
		},
		"Postgres": func() (string, error) { return cluster.Database(ctx) },
	}
	for _, engine := range []string{"SQLite", "Postgres"} {
		for _, part := range []struct {
			name string
			run  func(ctx context.Context, engine string, fresh func() (string, error)) error
		}{{"append", appendRows}, {"deliver", deliverRows}, {"takeover", takeoverRows}, {"pace", paceRows}} {
			if *only != "" && *only != part.name {
				continue
			}
			if err := part.run(ctx, engine, fresh[engine]); err != nil {
				return fmt.Errorf("%s, %s: %w", engine, part.name, err)
			}
		}
	}
	return nil
}

// rate says how many a second n are.
func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }
