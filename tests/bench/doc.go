// Package bench measures what the client and the provider's handler cost beside the same work written by
// hand with net/http and encoding/json, and what gets through Pipedrive's limits. It has only
// benchmarks and tests:
//
//	make bench
//	make bench BENCHFLAGS='-benchtime 300x -bench ReceiveMessage'
//
// In one iteration both sides make a batch of calls in turn, so that whatever else the machine does
// meets both. The figures are medians over the iterations: µs/call is ours; the others are ratios to the
// work by hand, of time, of processor time, of bytes and of allocations. low and high are the
// quartiles of the ratio of time: believe it if they are close. Aims: cpu/hand at most 1.0 with two goroutines in
// memory, and 1.10 with 50 in flight over loopback, where the server's share is in it on both sides.
//
// TestGoodput delivers in virtual time, so that the machine does not matter: what one program and
// several reach of the best possible rate, how often they are refused, and how fairly they share.
//
// The profiler sees the same calls:
//
//	go test ./tests/bench -run '^$' -bench 'ReceiveMessage/memory$' -memprofile mem.out -memprofilerate 1
package bench
