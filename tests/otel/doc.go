// Package otel attaches OpenTelemetry to the client, which knows nothing of it: the
// instrumented transport of otelhttp makes a span of each request, and an observer one of each call,
// so that the attempts at a call stand together. The outbox is watched by counters and a gauge. Copy the
// observers from the examples, and leave out what you do not need.
package otel
