//go:build race

package provider_test

// The race detector takes memory of its own.
const maxUploadRSS = 64 * mebibyte
