//go:build race

package faults

// The race detector makes each of them take many times as long.
const manyMessages = 20_000
