// Package outbox keeps messages for Pipedrive in a database until they are delivered. It is for
// apps that must not lose a customer's message when the process dies, and for apps that run as
// several processes.
//
// An app appends messages where it learns of them, as in the transaction of a webhook; a process,
// the same one or another, runs the outbox:
//
//	box, err := outbox.OpenSQLite(ctx, "outbox.db", outbox.Config{Client: clientOf})
//	…
//	go box.Run(ctx)
//	…
//	err = box.Append(ctx, "company-1001", message) // durable when it returns nil
//
// # Engines
//
// SQLite, in pure Go, serves one machine: any number of processes append, one delivers. Postgres
// serves many machines: all of them may append and deliver. Jobs are run by River
// (riverqueue.com), in the same database; on Postgres everything is in the schema pdchannels_outbox,
// apart from a River that the app may have itself. The functions that open an outbox migrate it.
//
// # Order and limits
//
// Messages of a conversation are delivered in the order in which their appends were committed,
// across processes and restarts. An installation is worked on by one process at a time, by one
// [channels.Client] with one limiter, so that its limits hold; many installations are worked on at once.
//
// # What fails
//
// A message that the API refuses is parked, and the later messages of its conversation wait behind it
// until somebody calls [Outbox.Retry] or [Outbox.Drop]. A message that fails otherwise is tried
// again, after pauses that grow to five minutes; its conversation waits, others go on. While an
// installation has used up a limit, is blocked, or has no valid token, it sleeps, and it wakes
// by itself; other installations go on.
//
// # What a crash leaves behind
//
// Nothing that was appended is lost. What was delivered and not yet marked, at most 64 messages of
// an installation, is delivered once more; Pipedrive updates a message that it knows, as far
// as its guide tells. Of one message, a later status is sent only when the earlier one is
// marked, so no repetition takes a status back. A process that is killed is replaced on Postgres after 30
// to 45 seconds; one that ends in good order, or restarts on SQLite, within two.
package outbox
