// Package interop runs programs that others wrote, unmodified, against this project: two
// generations of Pipedrive's own npm package against the emulator, the client of
// wrapper/channels against a Prism mock of spec/channels.yaml, and a Prism mock of
// spec/provider.yaml as the app that the emulator calls. None of them knows anything of us,
// so that where we misread the API alike in caller and called, they disagree.
//
// The tests need Node 18.20 or later and the packages of package-lock.json; make test-interop
// brings both together. Without the build tag interop there is nothing here to run.
package interop
