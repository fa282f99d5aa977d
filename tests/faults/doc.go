// Package faults breaks the client's exchanges with Pipedrive wherever one can break, and
// counts the results: what the server applied, and what the caller was told.
//
// Pipedrive's side is written on raw connections and not on net/http, since it has to stop
// in the middle of a header as well as answer: [pipedrive] in pipedrive_test.go, and on the wire in
// wire_test.go. It does what a plan says, and counts for each message and channel how often
// it was applied.
//
//  1. matrix_test.go: every failure of faults_test.go for every operation, once and for good, against
//     what policy_test.go says has to come of it;
//  2. loopback_test.go: the same where real sockets matter;
//  3. the rest: many calls at a time. How fast, under which faults, in which order, and what remains.
//
// "Lost" is a message that was reported as done and not applied, or never reported; "doubled" is
// what was asked for once and applied twice. Whatever waits is tested in virtual time, so that its
// figures do not depend on the machine.
package faults
