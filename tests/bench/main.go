// Command bench measures what the client costs, and what it gets done within Pipedrive's
// limits, beside the same work written by hand with net/http and encoding/json.
//
//	go run ./tests/bench # or: make bench
//	go run ./tests/bench -only memory,rate -rounds 400
//
// Everything is measured in one run, on this machine and against nothing beyond it. What is
// compared takes turns, batch by batch, so that whatever else the machine does meets both, and
// the figures are medians over the rounds, also the ratios, beside which their middle half stands
// in brackets. Believe a ratio whose brackets are narrow, and only then a time. The client has
// everything on, retries, a limiter and a token source, and for goodput all defaults too.
//
//   - memory: one call after the other, in time, bytes and allocations a call, answered from
//     memory: what the client itself costs. "Installed app" is the token source of wrapper/auth,
//     which takes a context; elsewhere the token is x/oauth2's static one.
//   - loopback: the same over a socket, by a server that allocates nothing: what that is beside
//     what the network costs at the least.
//   - goodput: messages that get through a rolling window of 80 requests in two seconds, 5 to 40 ms
//     away in each direction: how long all of them take, against the least that any client can
//     need; how many are lost; and how often the server had to answer 429. Once in virtual time
//     (testing/synctest), where the machine does not matter, and once on loopback in real time. "By
//     hand" has no limiter, and shows that the window is kept.
//   - rate: requests a second with 1 and with 50 in flight over loopback, beside net/http by hand
//     and, where Node and tests/interop/node_modules are, Pipedrive's own npm client.
//   - growth: a message's share of the time, bytes and allocations of Client.Deliver, from a
//     thousand messages to a million, how much more memory is in use at the middle one, and the
//     goroutines that are left. Flat figures mean that length costs nothing.
//   - provider: the other direction: getConversations by wrapper/provider, beside a net/http handler
//     by hand that encodes the same page.
//
// The benchmarks of this package make the same calls for the profiler:
//
//	go test ./tests/bench -run '^$' -bench '/memory,_one_attachment$/client' -memprofile mem.out -memprofilerate 1
//	go tool pprof -sample_index alloc_space -list 'channels\.' mem.out
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// bench is one run.
type bench struct {
	rounds, calls int
	interop       string // the folder with node_modules
	out, progress io.Writer
}

// A group answers one question.
type group struct {
	name string
	run  func(ctx context.Context, b *bench) error
}

var groups = []group{
	{"memory", func(ctx context.Context, b *bench) error { return compareAll(ctx, b, false) }},
	{"loopback", func(ctx context.Context, b *bench) error { return compareAll(ctx, b, true) }},
	{"goodput", goodput},
	{"rate", rate},
	{"growth", growth},
	{"provider", getConversations},
}

// A call over loopback takes about this many times as long as one in memory.
const loopbackShare = 5

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if slices.Equal(args[:min(len(args), 1)], []string{inVirtualTime}) {
		return goodputInVirtualTime(args[1:], stderr)
	}
	var names []string
	for _, g := range groups {
		names = append(names, g.name)
	}
	b := &bench{out: stdout, progress: stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&b.rounds, "rounds", 100, "how many batches each side makes; for rate a tenth of it")
	flags.IntVar(&b.calls, "calls", 1000, fmt.Sprintf("how many calls a batch has in memory, over loopback 1/%d of it; "+
		"how many messages goodput delivers; a thousandth of the most that growth does", loopbackShare))
	flags.StringVar(&b.interop, "interop", "tests/interop", "the folder with the node_modules of Pipedrive's npm client, which make test-interop installs")
	only := flags.String("only", strings.Join(names, ","), "what to measure")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	chosen := strings.Split(*only, ",")
	unknown := slices.ContainsFunc(chosen, func(name string) bool { return !slices.Contains(names, name) })
	if flags.NArg() > 0 || b.rounds < 1 || b.calls < loopbackShare || unknown {
		_, _ = fmt.Fprintf(stderr, "bench: -rounds takes at least 1, -calls at least %d, -only some of %s, and nothing follows the flags\n",
			loopbackShare, strings.Join(names, ","))
		return 2
	}
	b.printHead()
	for _, g := range groups {
		if !slices.Contains(chosen, g.name) {
			continue
		}
		if err := g.run(ctx, b); err != nil {
			_, _ = fmt.Fprintf(stderr, "bench: %s: %v\n", g.name, err)
			return 1
		}
	}
	return 0
}

// compareAll measures the scenarios in memory, or those over loopback.
func compareAll(ctx context.Context, b *bench, overLoopback bool) error {
	batch := b.calls
	if overLoopback {
		batch /= loopbackShare
	}
	b.printScenarioHead(overLoopback, batch)
	for _, s := range scenarios {
		if s.overLoopback != overLoopback {
			continue
		}
		if err := compareOne(ctx, b, s, batch); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func compareOne(ctx context.Context, b *bench, s scenario, batch int) error {
	sides, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer sides.close()
	measured, err := takeTurns(b.rounds,
		func() (figures, error) { return measure(ctx, batch, sides.ours) },
		func() (figures, error) { return measure(ctx, batch, sides.byHand) })
	if err != nil {
		return err
	}
	b.printScenario(s.name, measured[0], measured[1])
	return nil
}
