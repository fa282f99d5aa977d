// Where the process begins: signals, and the exit code.

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A reader of the output that goes away (`| head`) must not end a delivery half way: the
	// write fails instead, and what was not delivered is still kept. Likewise where files may not
	// grow any further (25 is SIGXFSZ, for which Windows has no name).
	signal.Ignore(syscall.SIGPIPE, syscall.Signal(25))

	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C ends the process at once

	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}
