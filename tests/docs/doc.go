// Package docs keeps README.md, CONTRIBUTING.md and docs/ true: its tests compile every Go snippet, run
// every shell block against an emulator, and follow every link to a file.
//
// A Go block is the body of a function. Its parameters stand in an HTML comment before the
// block, which a page does not show:
//
//	<!-- go: ctx context.Context, client *channels.Client -->
//
// A shell block is marked sh. In it make is make -n, go run is the built command, and what go get or go
// install would fetch has to be a package of this module.
package docs
