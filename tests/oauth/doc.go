// Package oauth holds the OAuth life of an app end to end: wrapper/auth on one side, the
// emulator on the other, which share no code, and an http.Client as the user's browser. What
// each side does by itself is tested beside it.
package oauth
