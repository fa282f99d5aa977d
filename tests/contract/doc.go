// Package contract holds the documents, and both sides of each, to one corpus of recorded
// exchanges, tests/recordings, so that none of them can drift from the others unseen:
//
//  1. document_test.go: request and answer are as the document in spec/ has them;
//  2. replay_test.go: the client makes the request, byte by byte, and turns the answer into
//     the result that was written down by hand from the reference. What Pipedrive asks of an app
//     is replayed in internal/providercall, since the emulator is its caller;
//  3. emulator_test.go: the emulator gives the same answer to the request; and so does, to
//     Pipedrive, the handler of wrapper/provider: handler_test.go.
//
// coverage_test.go computes from the documents what has to be recorded, and proves that a
// renamed property would be noticed. provenance_test.go keeps spec/PROVENANCE.md whole.
//
// The recorder, TestRecord, plays the corpus against a base URL and writes down what
// answers; it runs by `make record BASE_URL=…` only.
package contract
