//go:build !race

package provider_test

const (
	uploadSize   = 1024 * mebibyte
	maxUploadRSS = 32 * mebibyte
)
