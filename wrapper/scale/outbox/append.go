package outbox

// This file writes messages: in the order of their commits, and with a job that wakes a worker
// where the installation was idle.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	maxInstallation = 255
	maxID           = 1000 // an index of Postgres takes 2,700 bytes
)

// body is what is stored of a message beside its ids. Its names must stay: rows outlive programs.
type body struct {
	Sender      string       `json:"sender"`
	Text        string       `json:"text"`
	Status      string       `json:"status"`
	CreatedAt   time.Time    `json:"created_at"`
	ReplyBy     time.Time    `json:"reply_by,omitzero"`
	Link        string       `json:"link,omitempty"`
	Attachments []attachment `json:"attachments,omitempty"`
}

type attachment struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	URL         string  `json:"url"`
	Name        string  `json:"name,omitempty"`
	Size        float64 `json:"size,omitempty"`
	PreviewURL  string  `json:"preview_url,omitempty"`
	LinkExpires bool    `json:"link_expires,omitempty"`
}

func bodyOf(r channels.ReceiveMessageRequest) body {
	b := body{
		Sender: r.SenderID, Text: r.Message, Status: string(r.Status),
		CreatedAt: r.CreatedAt, ReplyBy: r.ReplyBy, Link: r.ConversationLink,
	}
	for _, a := range r.Attachments {
		b.Attachments = append(b.Attachments, attachment(a))
	}
	return b
}

// request is the message of a row.
func (b body) request(channel, conversation, id string) channels.ReceiveMessageRequest {
	r := channels.ReceiveMessageRequest{
		ID: id, ProviderChannelID: channel, ConversationID: conversation,
		SenderID: b.Sender, Message: b.Text, Status: channels.MessageStatus(b.Status),
		CreatedAt: b.CreatedAt, ReplyBy: b.ReplyBy, ConversationLink: b.Link,
	}
	for _, a := range b.Attachments {
		r.Attachments = append(r.Attachments, channels.Attachment(a))
	}
	return r
}

// errUnreadable is a row that this version cannot read.
var errUnreadable = errors.New("the stored message is unreadable")

// request is what the row asks to deliver.
func (r row) request() (channels.ReceiveMessageRequest, error) {
	var b body
	if err := json.Unmarshal(r.body, &b); err != nil {
		return channels.ReceiveMessageRequest{ID: r.id, ProviderChannelID: r.channel, ConversationID: r.conversation},
			fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return b.request(r.channel, r.conversation, r.id), nil
}

// append checks the messages, and hands them over as the JSON array that {rows} reads.
func (o *Outbox) append(installation string, messages []channels.ReceiveMessageRequest, write func(rows string) error) error {
	rows, err := encode(installation, messages)
	if err == nil && len(messages) > 0 {
		err = write(rows)
	}
	if err != nil {
		return fmt.Errorf("outbox: append for %.255q: %w", installation, err)
	}
	return nil
}

func encode(installation string, messages []channels.ReceiveMessageRequest) (string, error) {
	if err := checkInstallation(installation); err != nil {
		return "", err
	}
	type row struct {
		Channel      string `json:"channel"`
		Conversation string `json:"conversation"`
		ID           string `json:"id"`
		Body         string `json:"body"` // JSON in JSON: as an object Postgres would refuse it for a \u0000 in a text
	}
	rows := make([]row, len(messages))
	for i, m := range messages {
		if err := m.Validate(); err != nil {
			return "", fmt.Errorf("message %d of %d: %w", i+1, len(messages), err)
		}
		for field, id := range map[string]string{"ID": m.ID, "ProviderChannelID": m.ProviderChannelID, "ConversationID": m.ConversationID} {
			if problem := checkID(id, maxID); problem != "" {
				return "", fmt.Errorf("message %d of %d: %w", i+1, len(messages), &channels.FieldError{Field: field, Problem: problem})
			}
		}
		text, err := json.Marshal(bodyOf(m))
		if err != nil {
			return "", fmt.Errorf("message %d of %d: %w", i+1, len(messages), err)
		}
		rows[i] = row{m.ProviderChannelID, m.ConversationID, m.ID, string(text)}
	}
	encoded, err := json.Marshal(rows)
	return string(encoded), err
}

func checkInstallation(name string) error {
	if name == "" {
		return errors.New("the installation has no name")
	}
	if problem := checkID(name, maxInstallation); problem != "" {
		return fmt.Errorf("the name of the installation %s", problem)
	}
	return nil
}

func checkID(id string, most int) (problem string) {
	switch {
	case len(id) > most:
		return fmt.Sprintf("has %d bytes, more than the %d that an outbox takes", len(id), most)
	case strings.Contains(id, "\x00"), !utf8.ValidString(id):
		return "has bytes that are no text"
	default:
		return ""
	}
}

// transaction is what an append needs of one, whatever driver it is of.
type transaction interface {
	queryInt(ctx context.Context, query string, args ...any) (int64, error)
}

type sqlTx struct{ *sql.Tx }

func (t sqlTx) queryInt(ctx context.Context, query string, args ...any) (n int64, err error) {
	return n, t.QueryRowContext(ctx, query, args...).Scan(&n)
}

type pgxTx struct{ pgx.Tx }

func (t pgxTx) queryInt(ctx context.Context, query string, args ...any) (n int64, err error) {
	return n, t.QueryRow(ctx, query, args...).Scan(&n)
}

// appendTo writes the rows under the lane's lock, and inserts a job if the lane was idle. It is
// the lock that makes both right: no append gets a seq before an earlier one is committed, and
// no worker goes home beside an append that counts on it.
func (o *Outbox) appendTo(ctx context.Context, tx transaction, insert func(drainArgs) error, installation, rows string) error {
	var turned int64
	var err error
	if o.store.dialect.name == postgres.name {
		turned, err = tx.queryInt(ctx, o.store.sql(appendPostgres), installation, rows)
	} else {
		if turned, err = tx.queryInt(ctx, o.store.sql(lockLane), installation); err == nil {
			_, err = tx.queryInt(ctx, o.store.sql(addRows), installation, rows)
		}
	}
	if err != nil || turned == 0 {
		return err
	}
	return wake(ctx, tx, o.store.dialect, insert, installation)
}

const (
	lockLane = `INSERT INTO {t}lane AS l (installation, busy, turned) VALUES ($1, {true}, {true})
		ON CONFLICT (installation) DO UPDATE SET turned = NOT l.busy, busy = {true} RETURNING CAST(turned AS integer)`

	addRows = `INSERT INTO {t}message (installation, channel, conversation, message, body, appended_at)
		SELECT $1, m.channel, m.conversation, m.message, m.body, {now} FROM {rows $2} AS m WHERE true ORDER BY m.place
		RETURNING seq`

	// appendPostgres is both in one round trip. The rows are sorted, and so get their seq, only
	// after the lane is locked.
	appendPostgres = `WITH lane AS (` + lockLane + ` AS turned), added AS (
		INSERT INTO {t}message (installation, channel, conversation, message, body, appended_at)
		SELECT $1, m.channel, m.conversation, m.message, m.body, {now} FROM lane, {rows $2} AS m ORDER BY m.place)
		SELECT turned FROM lane`

	// appendBusy appends to a lane that is busy, and to no other.
	appendBusy = `WITH lane AS (UPDATE {t}lane SET turned = false WHERE installation = $1 AND busy RETURNING 1), added AS (
		INSERT INTO {t}message (installation, channel, conversation, message, body, appended_at)
		SELECT $1, m.channel, m.conversation, m.message, m.body, {now} FROM lane, {rows $2} AS m ORDER BY m.place)
		SELECT count(*) FROM lane`

	// newEpoch begins a new claim, which invalidates every older one.
	newEpoch = `INSERT INTO {t}claim AS c (installation, epoch, state, since) VALUES ($1, 1, 1, {now})
		ON CONFLICT (installation) DO UPDATE SET epoch = c.epoch + 1, state = 1, owner = '', since = {now}, wake_at = NULL, reason = ''
		RETURNING epoch`
)

// wake inserts a job for a lane of which the caller knows that nobody works on it.
func wake(ctx context.Context, tx transaction, d dialect, insert func(drainArgs) error, installation string) error {
	epoch, err := tx.queryInt(ctx, d.sql(newEpoch), installation)
	if err != nil {
		return err
	}
	return insert(drainArgs{Installation: installation, Epoch: epoch})
}
