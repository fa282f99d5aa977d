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
	"errors"
	"fmt"
	"os"

	"github.com/pdchannels/pdchannels/spec"
)

func main() {
	report, same, err := drift(os.Args[1:])
	switch {
	case err != nil:
		println("drift: " + err.Error()) // to standard error
		os.Exit(2)
	case !same:
		defer os.Exit(1)
	}
	fmt.Print(report)
}

// drift reports how the package in a folder differs from the document, a line each.
func drift(args []string) (report string, same bool, err error) {
	if len(args) != 1 {
		return "", false, errors.New("say where an unpacked npm package of the vendor's client is: drift DIR; make drift fetches one")
	}
	document, err := documented(spec.Channels)
	if err != nil {
		return "", false, err
	}
	published, err := readPackage(args[0])
	if err != nil {
		return "", false, err
	}
	differences := compare(published.operations, document)
	if len(differences) == 0 {
		return published.name + " says what spec/channels.yaml says\n", true, nil
	}
	for _, d := range differences {
		report += d + "\n"
	}
	return report + fmt.Sprintf("%s and spec/channels.yaml differ in %d places\n", published.name, len(differences)), false, nil
}
