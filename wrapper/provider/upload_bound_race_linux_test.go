//go:build race

package provider_test

// The race detector takes memory of its own, and time: a quarter is still more than any
// buffering would hide.
const (
	uploadSize   = 256 * mebibyte
	maxUploadRSS = 64 * mebibyte
)
