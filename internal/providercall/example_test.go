package providercall_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// A call of an app, its result, and what breaks the document.
func Example() {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"success": true, "data": {"id": "ada", "name": "Ada"}}`)
	}))
	defer app.Close()

	endpoints, err := providercall.AtBase(app.URL, false)
	if err != nil {
		log.Fatal(err)
	}
	client, err := providercall.New(endpoints, "client-id", "client-secret")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	answer, err := client.GetSenderByID(ctx, "whatsapp-1", "ada")
	if err != nil {
		log.Fatal(err)
	}
	var sender providerclient.SenderResponse
	if err := answer.Decode(&sender); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sender.Data.Name)
	for _, violation := range answer.Judge(ctx) {
		fmt.Println(violation)
	}
	// Output:
	// Ada
	// data.avatar_url: it is missing
}
