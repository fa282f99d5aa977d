// A message as one line of JSON, by the API's own field names: what message receive reads,
// and what --json prints.

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

type messageLine struct {
	ID               string           `json:"id"`
	ChannelID        string           `json:"channel_id"`
	ConversationID   string           `json:"conversation_id"`
	SenderID         string           `json:"sender_id"`
	Message          string           `json:"message"`
	Status           string           `json:"status"`
	CreatedAt        string           `json:"created_at"`
	ReplyBy          string           `json:"reply_by,omitempty"`
	ConversationLink string           `json:"conversation_link,omitempty"`
	Attachments      []attachmentLine `json:"attachments,omitempty"`
}

type attachmentLine struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	URL         string  `json:"url"`
	Name        string  `json:"name,omitempty"`
	Size        float64 `json:"size,omitempty"`
	PreviewURL  string  `json:"preview_url,omitempty"`
	LinkExpires bool    `json:"link_expires,omitempty"`
}

// lineNames are the keys of a messageLine by the Go names of the request.
var lineNames = fieldNames{
	"ID": "id", "ProviderChannelID": "channel_id", "ConversationID": "conversation_id", "SenderID": "sender_id",
	"Message": "message", "Status": "status", "CreatedAt": "created_at", "ReplyBy": "reply_by",
	"ConversationLink": "conversation_link", "Attachments": "attachments",
}

var attachmentNames = fieldNames{
	"ID": "id", "Type": "type", "URL": "url", "Name": "name", "Size": "size", "PreviewURL": "preview_url", "LinkExpires": "link_expires",
}

// parseMessage reads and checks a line. If the line is JSON at all, it returns the channel and the
// conversation even with an error.
func parseMessage(text []byte) (channels.ReceiveMessageRequest, error) {
	var l messageLine
	if err := decodeStrictly(text, &l); err != nil {
		return channels.ReceiveMessageRequest{ProviderChannelID: l.ChannelID, ConversationID: l.ConversationID}, err
	}
	return l.request(lineNames)
}

// request returns the request that a line describes; errors name its fields by names.
func (l *messageLine) request(names fieldNames) (channels.ReceiveMessageRequest, error) {
	createdAt, err1 := parseTime(names["CreatedAt"], l.CreatedAt)
	replyBy, err2 := parseTime(names["ReplyBy"], l.ReplyBy)
	r := channels.ReceiveMessageRequest{
		ID: l.ID, ProviderChannelID: l.ChannelID, ConversationID: l.ConversationID, SenderID: l.SenderID,
		Message: l.Message, Status: channels.MessageStatus(l.Status), CreatedAt: createdAt, ReplyBy: replyBy,
		ConversationLink: l.ConversationLink,
	}
	for _, a := range l.Attachments {
		r.Attachments = append(r.Attachments, channels.Attachment(a))
	}
	if err := cmp.Or(err1, err2); err != nil {
		return r, err
	}
	return r, names.translate(r.Validate())
}

// lineOf turns the message of an answer into a line that can be delivered again.
func lineOf(m channels.Message) messageLine {
	l := messageLine{
		ID: m.ID, ChannelID: m.ProviderChannelID, ConversationID: m.ConversationID, SenderID: m.SenderID,
		Message: m.Message, Status: string(m.Status), CreatedAt: m.CreatedAt.Format(time.RFC3339),
		ConversationLink: m.ConversationLink,
	}
	if !m.ReplyBy.IsZero() {
		l.ReplyBy = m.ReplyBy.Format(time.RFC3339)
	}
	for _, a := range m.Attachments {
		l.Attachments = append(l.Attachments, attachmentLine(a))
	}
	return l
}

// parseTime reads a minute of UTC as the API spells it, or RFC 3339; "" is the zero time.
func parseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf(`%s is %q; write "2026-03-01 07:58" for UTC, or RFC 3339 such as 2026-03-01T08:58:00+01:00`, name, text)
}

// decodeStrictly is json.Unmarshal for input that a person may have typed: it rejects what
// encoding/json silently accepts, such as keys that are misspelt, repeated or in another case.
func decodeStrictly(text []byte, into any) error {
	if !utf8.Valid(text) {
		return errors.New("not UTF-8")
	}
	if err := json.Unmarshal(text, into); err != nil {
		switch e, ok := errors.AsType[*json.UnmarshalTypeError](err); {
		case ok && e.Field == "":
			return errNoObject
		case ok:
			return fmt.Errorf("%s must not be a JSON %s", e.Field, e.Value)
		}
		return fmt.Errorf("not JSON: %w", err)
	}
	if escape, found := halfCharacter(text); found {
		return fmt.Errorf("%s is half a character: different texts, and ids, would become the same", escape)
	}
	return checkKeys(json.NewDecoder(bytes.NewReader(text)), reflect.TypeOf(into).Elem())
}

var errNoObject = errors.New("not a JSON object")

// checkKeys walks an object that decoded well into a struct of type t.
func checkKeys(d *json.Decoder, t reflect.Type) error {
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return errNoObject
	}
	var seen []string
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		field, names := fieldFor(t, key)
		switch {
		case field == nil:
			return fmt.Errorf("unknown key %q; the keys are %s", key, strings.Join(names, ", "))
		case slices.Contains(seen, key):
			return fmt.Errorf("%s is given twice", key)
		}
		seen = append(seen, key)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if field.Kind() != reflect.Slice || string(value) == "null" {
			continue
		}
		if err := checkList(json.NewDecoder(bytes.NewReader(value)), field.Elem()); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	_, err := d.Token()
	return err
}

func checkList(d *json.Decoder, t reflect.Type) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		if err := checkKeys(d, t); err != nil {
			return err
		}
	}
	return nil
}

// fieldFor finds the field of a key, exactly as it is spelt, and lists all the keys.
func fieldFor(t reflect.Type, key string) (found reflect.Type, names []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == key {
			found = f.Type
		}
		names = append(names, name)
	}
	return found, names
}
