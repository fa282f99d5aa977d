// Command drift compares spec/channels.yaml with what the vendor publishes now: the newest
// npm package of its API client, whose models are generated from its own OpenAPI document.
// It names operations, paths, fields, types and enum values that one has and the other lacks.
//
//	make drift             # fetches the package and compares
//	go run ./tests/drift DIR   # compares with an unpacked package
//
// It exits with 0 if both say the same, 1 if they differ, and 2 if they cannot be compared.
// A difference is a question for a person: PROVENANCE.md says where the document follows
// another source on purpose.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/pdchannels/pdchannels/spec"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "usage: drift DIR, where DIR is an unpacked npm package of the vendor's client; make drift fetches one")
		return 2
	}
	document, err := documented(spec.Channels)
	if err != nil {
		fmt.Fprintln(stderr, "drift:", err)
		return 2
	}
	published, err := readPackage(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "drift:", err)
		return 2
	}
	differences := compare(published.operations, document)
	for _, d := range differences {
		fmt.Fprintln(stdout, d)
	}
	if len(differences) > 0 {
		fmt.Fprintf(stdout, "%s and spec/channels.yaml differ in %d places\n", published.name, len(differences))
		return 1
	}
	fmt.Fprintf(stdout, "%s says what spec/channels.yaml says\n", published.name)
	return 0
}
