// Command bench measures what the wrappers cost: it prints receiveMessage of
// wrapper/channels beside the same call written by hand with net/http and
// encoding/json, in time, bytes and allocations a call; and getConversations of
// wrapper/provider beside a handler by hand.
//
//	go run ./tests/bench # or: make bench
//	go run ./tests/bench -rounds 400
//
// The two sides take turns, batch by batch, so that whatever else the machine does meets
// both, and the figures are medians over the rounds. In memory, where no network is, they
// show what the client itself costs; over loopback, what that is beside sockets.
//
// The benchmarks of this package make the same calls for the profiler:
//
//	go test ./tests/bench -run '^$' -bench /memory,_one/client -memprofile mem.out -memprofilerate 1
//	go tool pprof -sample_index alloc_space -list 'channels\.' mem.out
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// A call over loopback takes about this many times as long as one in memory.
const loopbackShare = 5

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 100, "how many batches each side makes of each scenario")
	calls := flags.Int("calls", 1000, fmt.Sprintf("how many calls a batch has in memory; over loopback 1/%d of it", loopbackShare))
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || *rounds < 1 || *calls < loopbackShare {
		_, _ = fmt.Fprintf(stderr, "bench: -rounds takes at least 1, -calls at least %d, and nothing follows the flags\n", loopbackShare)
		return 2
	}
	printHead(stdout, *rounds, *calls)
	for _, s := range scenarios {
		batch := *calls
		if s.overLoopback {
			batch /= loopbackShare
		}
		if err := runScenario(ctx, s, *rounds, batch, stdout); err != nil {
			_, _ = fmt.Fprintf(stderr, "bench: %s: %v\n", s, err)
			return 1
		}
	}
	if err := runGetConversations(ctx, *rounds, *calls, stdout); err != nil {
		_, _ = fmt.Fprintf(stderr, "bench: getConversations: %v\n", err)
		return 1
	}
	return 0
}

func runScenario(ctx context.Context, s scenario, rounds, batch int, stdout io.Writer) error {
	sides, err := s.open()
	if err != nil {
		return err
	}
	defer sides.close()
	client, byHand, err := compare(ctx, sides, rounds, batch)
	if err != nil {
		return err
	}
	printScenario(stdout, s, client, byHand)
	return nil
}
