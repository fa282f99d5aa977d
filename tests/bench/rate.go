package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// This file measures how many requests a second get through, one at a time and many.

// rateShare is how many times fewer rounds rate has: each takes long enough to need no more.
const rateShare = 10

var inFlights = []int{1, 50}

func rate(ctx context.Context, b *bench) error {
	rounds := max(b.rounds/rateShare, 1)
	server, err := listen(answerTo(false))
	if err != nil {
		return err
	}
	defer server.close()
	transport, byHandTransport := &http.Transport{MaxIdleConnsPerHost: maxInFlight}, &http.Transport{MaxIdleConnsPerHost: maxInFlight}
	defer transport.CloseIdleConnections()
	defer byHandTransport.CloseIdleConnections()
	client, err := newClient(ctx, server.url(), transport, noLimit, installed)
	if err != nil {
		return err
	}
	hand := newHandClient(server.url()+apiPath, byHandTransport)
	npm, absent, err := startNPM(ctx, b.interop, server.url()+apiPath)
	if err != nil {
		return err
	}
	if npm != nil {
		defer npm.close()
	}
	b.printf("\nrate: requests a second over loopback, medians of %d rounds of %d; ratios above 1 are in favour of pdchannels.\n%-34s%12s%12s%12s%8s\n",
		rounds, b.calls, "", "pdchannels", "by hand", "npm", "ratio")
	if npm == nil {
		b.printf("  Pipedrive's npm client is left out: %s.\n", absent)
	}
	for _, inFlight := range inFlights {
		measures := []func() (float64, error){
			func() (float64, error) {
				return flood(b.calls, inFlight, func(worker int) error {
					m := clientMessage(false)
					m.ID = workerMessage(worker)
					_, err := client.ReceiveMessage(ctx, m)
					return err
				})
			},
			func() (float64, error) {
				return flood(b.calls, inFlight, func(worker int) error {
					m := messageByHand(false)
					m.ID = workerMessage(worker)
					_, err := hand.receiveMessage(ctx, m)
					return err
				})
			},
		}
		if npm != nil {
			measures = append(measures, func() (float64, error) { return npm.perSecond(b.calls/loopbackShare, inFlight) })
		}
		rates, err := takeTurns(rounds, measures...)
		if err != nil {
			return err
		}
		b.printRates(inFlight, rates)
	}
	return nil
}

func (b *bench) printRates(inFlight int, rates [][]float64) {
	npm := "-"
	if len(rates) > 2 {
		npm = fmt.Sprintf("%.0f", median(rates[2]))
	}
	b.printf("  %-32s%12.0f%12.0f%12s%s to by hand\n", fmt.Sprintf("%d in flight", inFlight),
		median(rates[0]), median(rates[1]), npm, ratio(rates[0], rates[1]))
	if len(rates) > 2 {
		b.printf("%70s%s to npm\n", "", ratio(rates[0], rates[2]))
	}
}

// workerMessage is the id of a worker's message: the client has one call for each id in flight.
func workerMessage(worker int) string { return "message-" + strconv.Itoa(worker) }

// flood lets so many workers make so many calls together, and returns the rate.
func flood(calls, workers int, call func(worker int) error) (perSecond float64, err error) {
	runtime.GC()
	var next atomic.Int64
	errs := make([]error, workers)
	var all sync.WaitGroup
	start := time.Now()
	for worker := range workers {
		all.Go(func() {
			for errs[worker] == nil && next.Add(1) <= int64(calls) {
				errs[worker] = call(worker)
			}
		})
	}
	all.Wait()
	return float64(calls) / time.Since(start).Seconds(), errors.Join(errs...)
}
