//go:build !race

package provider_test

const maxUploadRSS = 32 * mebibyte
