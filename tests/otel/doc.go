// Package otel attaches OpenTelemetry to the client, which knows nothing of it: the
// instrumented transport of otelhttp makes a span of each request, and an observer one of each call,
// so that the attempts at a call stand together. Copy the observer from the example, and
// leave out what you do not need.
package otel
