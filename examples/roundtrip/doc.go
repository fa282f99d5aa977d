// Package roundtrip is an example of a test: an app of all four parts, from the installation to a reply that
// its messenger has, against the emulator. Its one test is to be read and copied.
package roundtrip
