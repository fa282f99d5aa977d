package otel_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// tracing makes a span of each call.
func tracing(tracer trace.Tracer) channels.Observer {
	return channels.Observer{
		// The call goes on with the context of the span, so that the spans of its requests become children.
		CallBegins: func(ctx context.Context, operation string) context.Context {
			ctx, _ = tracer.Start(ctx, "channels."+operation)
			return ctx
		},
		AttemptEnds: func(ctx context.Context, e channels.AttemptEvent) {
			if e.Repeated {
				trace.SpanFromContext(ctx).AddEvent("retry", trace.WithAttributes(attribute.String("reason", e.Reason)))
			}
		},
		CallEnds: func(ctx context.Context, e channels.CallEvent) {
			span := trace.SpanFromContext(ctx)
			span.SetAttributes(attribute.Int("attempts", e.Attempts), attribute.Float64("waited_seconds", e.Waited.Seconds()))
			if e.Outcome != channels.Accepted {
				span.SetStatus(codes.Error, e.Outcome.String())
			}
			span.End()
		},
	}
}

// A message whose first request is answered with 503 is one span with two children.
func Example() {
	requests := 0
	pipedrive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(w, `{"success":true,"data":{"id":"message-1","status":"sent"}}`)
	}))
	defer pipedrive.Close()
	spans := tracetest.NewInMemoryExporter() // in a program, one that sends them somewhere
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))

	client, err := channels.NewClient(channels.APIToken("of-a-user"), channels.WithBaseURL(pipedrive.URL+"/v1"),
		channels.WithObserver(tracing(provider.Tracer("example"))),
		channels.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport, otelhttp.WithTracerProvider(provider))}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ReceiveMessage(context.Background(), channels.ReceiveMessageRequest{
		ID: "message-1", ProviderChannelID: "whatsapp-1", ConversationID: "conversation-17", SenderID: "person-7",
		Message: "Is the blue one in stock?", Status: channels.StatusSent, CreatedAt: time.Now(),
	})
	if err != nil {
		log.Fatal(err)
	}

	ended := spans.GetSpans()
	call := ended[len(ended)-1]
	for _, span := range ended {
		switch {
		case span.Parent.SpanID() == call.SpanContext.SpanID():
			fmt.Println("within it:", span.Name, status(span))
		default:
			fmt.Println(span.Name, span.Events[0].Name, "since", span.Events[0].Attributes[0].Value.AsString())
		}
	}
	// Output:
	// within it: HTTP POST 503
	// within it: HTTP POST 200
	// channels.receiveMessage retry since the outcome is unknown
}

func status(span tracetest.SpanStub) int64 {
	for _, a := range span.Attributes {
		if a.Key == "http.response.status_code" {
			return a.Value.AsInt64()
		}
	}
	return 0
}
