// Package e2e has tests and nothing else: they build the command pdchannels and run it as its
// users do, as a process with signals, pipes and a shell, against `pdchannels emulator` and
// against servers that answer by a script.
//
// What needs no process is tested beside the command.
package e2e
