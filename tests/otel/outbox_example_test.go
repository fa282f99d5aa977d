package otel_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// counting is an observer that counts what an outbox delivers.
func counting(meter metric.Meter) (outbox.Observer, error) {
	delivered, err := meter.Int64Counter("outbox.delivered")
	if err != nil {
		return outbox.Observer{}, err
	}
	age, err := meter.Float64Histogram("outbox.age", metric.WithUnit("s"))
	return outbox.Observer{
		Delivered: func(ctx context.Context, e outbox.Event) {
			of := metric.WithAttributes(attribute.String("installation", e.Installation))
			delivered.Add(ctx, 1, of)
			age.Record(ctx, e.Age.Seconds(), of)
		},
	}, err
}

// depth tells, whenever metrics are collected, what is in the outbox.
func depth(meter metric.Meter, box *outbox.Outbox) error {
	waiting, err := meter.Int64ObservableGauge("outbox.waiting")
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		all, err := box.Stats(ctx)
		for _, s := range all {
			o.ObserveInt64(waiting, s.Waiting, metric.WithAttributes(attribute.String("installation", s.Installation)))
		}
		return err
	}, waiting)
	return err
}

// An outbox is watched by counters of what it does and by a gauge of what it has.
func Example_outbox() {
	ctx, stop := context.WithCancel(context.Background())
	pipedrive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"success":true,"data":{}}`)
	}))
	defer pipedrive.Close()
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	reader := sdkmetric.NewManualReader() // in a program, one that sends metrics somewhere
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("example")

	observer, err := counting(meter)
	if err != nil {
		log.Fatal(err)
	}
	arrived := make(chan struct{}, 1)
	count := observer.Delivered
	observer.Delivered = func(ctx context.Context, e outbox.Event) {
		count(ctx, e)
		arrived <- struct{}{}
	}
	box, err := outbox.OpenSQLite(ctx, filepath.Join(dir, "outbox.db"), outbox.Config{
		Client: func(context.Context, string) (*channels.Client, error) {
			return channels.NewClient(channels.APIToken("of-a-user"), channels.WithBaseURL(pipedrive.URL+"/v1"))
		},
		Observer: observer,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	if err := depth(meter, box); err != nil {
		log.Fatal(err)
	}
	message := channels.ReceiveMessageRequest{
		ID: "message-1", ProviderChannelID: "whatsapp-1", ConversationID: "conversation-17", SenderID: "person-7",
		Message: "Is the blue one in stock?", Status: channels.StatusSent, CreatedAt: time.Now(),
	}
	if err := box.Append(ctx, "1001:42", message); err != nil {
		log.Fatal(err)
	}
	show(ctx, reader, "outbox.waiting")
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	<-arrived
	show(ctx, reader, "outbox.delivered")
	stop()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
	// Output:
	// outbox.waiting is 1
	// outbox.delivered is 1
}

// show prints the present value of a metric.
func show(ctx context.Context, reader *sdkmetric.ManualReader, name string) {
	var now metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &now); err != nil {
		log.Fatal(err)
	}
	for _, scope := range now.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				fmt.Println(name, "is", data.DataPoints[0].Value)
			case metricdata.Gauge[int64]:
				fmt.Println(name, "is", data.DataPoints[0].Value)
			}
		}
	}
}
