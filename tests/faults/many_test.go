//go:build !race

package faults

const manyMessages = 1_000_000
