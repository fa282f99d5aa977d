// Command pdchannels-outbox delivers messages that are kept in a database, SQLite or Postgres, and
// shows and repairs what is in it. It is a command of its own, so that pdchannels stays free of databases.
// Its help tells the rest:
//
//	go install github.com/pdchannels/pdchannels/wrapper/scale/cmd/pdchannels-outbox@latest
//	pdchannels-outbox --help
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}
