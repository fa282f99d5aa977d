// Package chaos runs the outbox in processes that are killed and stopped at random, against an API that
// fails, and counts what is lost, doubled or out of order. Run it by make chaos.
package chaos
