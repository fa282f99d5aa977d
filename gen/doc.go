// Package gen is the parent of the code that go generate makes from the documents in
// spec; nothing below it is written or edited by hand.
//
// The packages below it carry no promise of compatibility: their names follow the
// documents and the generator, and change when either does. Programs import
// [github.com/pdchannels/pdchannels/wrapper/channels] instead.
package gen
