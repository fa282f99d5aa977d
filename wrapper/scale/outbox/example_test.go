package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// A messenger calls the app's webhook; the app keeps the message in its own table and in the outbox, in
// one transaction, and answers. Wherever the process is killed, the message is either in both,
// or the messenger, which got no answer, calls again.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	pipedrive, delivered := pretendPipedrive() // in a program, Pipedrive
	defer pipedrive.Close()
	dir, err := os.MkdirTemp("", "app")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	db, err := outbox.OpenDB(filepath.Join(dir, "app.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY)`); err != nil {
		log.Fatal(err)
	}
	box, err := outbox.OnSQLite(ctx, db, outbox.Config{
		Client: func(_ context.Context, installation string) (*channels.Client, error) {
			// With wrapper/auth: channels.OAuth(app.TokenSource(…)), the source of this installation.
			return channels.NewClient(channels.APIToken("token-of-"+installation), channels.WithBaseURL(pipedrive.URL+"/v1"))
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()

	webhook := func(w http.ResponseWriter, r *http.Request) {
		var in struct{ ID, From, Text string }
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
			http.Error(w, "not a message", http.StatusBadRequest)
			return
		}
		tx, err := db.BeginTx(r.Context(), nil)
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		defer func() { _ = tx.Rollback() }() // after the commit it does nothing
		_, err = tx.ExecContext(r.Context(), `INSERT INTO seen (id) VALUES (?) ON CONFLICT DO NOTHING`, in.ID)
		if err == nil {
			err = box.AppendTx(r.Context(), tx, "1001:42", channels.ReceiveMessageRequest{
				ID: in.ID, ProviderChannelID: "shop-1", ConversationID: in.From, SenderID: in.From,
				Message: in.Text, Status: channels.StatusSent, CreatedAt: time.Now(),
			})
		}
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	}

	w := httptest.NewRecorder() // the messenger
	webhook(w, httptest.NewRequest(http.MethodPost, "/webhook", strings.NewReader(`{"id":"m-1","from":"nils","text":"Is the blue one in stock?"}`)))
	fmt.Println("the webhook answered", w.Code)
	fmt.Println("Pipedrive has", <-delivered)
	stop()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
	// Output:
	// the webhook answered 200
	// Pipedrive has Is the blue one in stock?
}

// pretendPipedrive takes every message and tells its text.
func pretendPipedrive() (*httptest.Server, <-chan string) {
	delivered := make(chan string, 1)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Message string `json:"message"`
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = fmt.Fprint(w, `{"success":true,"data":{}}`)
		delivered <- m.Message
	})), delivered
}
