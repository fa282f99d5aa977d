package main

// This file is the command append: JSON lines, as pdchannels message receive takes them, go into the outbox.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

const (
	maxLine   = 2 << 20
	groupSize = 100 // messages that are appended at once
)

// messageLine is a message by the API's own field names.
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

func appendCommand(env *environment) *cobra.Command {
	var installation, file string
	c := &cobra.Command{
		Use:   "append --installation COMPANY:USER --file FILE",
		Short: "Append messages from a file of JSON lines",
		Long: `Append messages, one JSON object a line with the keys that pdchannels message receive takes. A hundred
at a time are kept together: after an error the message says how many lines are in the outbox.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := parseInstallation(installation); err != nil {
				return usage("--installation: %w", err)
			}
			box, err := env.open(cmd.Context(), outbox.Config{})
			if err != nil {
				return err
			}
			defer func() { _ = box.Close() }()
			in := env.stdin
			if file != "-" {
				f, err := os.Open(file) //nolint:gosec // the user names the file
				if err != nil {
					return usageError{err}
				}
				defer func() { _ = f.Close() }() // only read
				in = f
			}
			return env.append(cmd, box, installation, in)
		},
	}
	c.Flags().StringVar(&installation, "installation", "", "the `INSTALLATION` that the messages are for, COMPANY:USER")
	c.Flags().StringVar(&file, "file", "", "the `FILE` of messages; - is the standard input")
	for _, name := range []string{"installation", "file"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // there is no such flag
		}
	}
	return c
}

func (env *environment) append(cmd *cobra.Command, box *outbox.Outbox, installation string, in io.Reader) error {
	kept, line := 0, 0
	var group []channels.ReceiveMessageRequest
	flush := func() error {
		if err := box.Append(cmd.Context(), installation, group...); err != nil {
			return fmt.Errorf("%d messages are appended, those up to line %d are not: %w", kept, line, err)
		}
		kept, group = kept+len(group), nil
		return nil
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line++
		text := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\uFEFF")))
		if len(text) == 0 {
			continue
		}
		m, err := parseMessage(text)
		if err != nil {
			return errors.Join(flush(), usage("line %d, after %d messages that are appended: %w", line, kept+len(group), err))
		}
		if group = append(group, m); len(group) == groupSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(lines.Err(), flush()); err != nil {
		return err
	}
	env.say(map[string]any{"appended": kept}, "%d messages appended", kept)
	return nil
}

func parseMessage(text []byte) (r channels.ReceiveMessageRequest, err error) {
	var l messageLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return r, fmt.Errorf("not a message: %w", err)
	}
	if decoder.More() {
		return r, errors.New("more than one object in a line")
	}
	r = channels.ReceiveMessageRequest{
		ID: l.ID, ProviderChannelID: l.ChannelID, ConversationID: l.ConversationID, SenderID: l.SenderID,
		Message: l.Message, Status: channels.MessageStatus(l.Status), ConversationLink: l.ConversationLink,
	}
	for _, a := range l.Attachments {
		r.Attachments = append(r.Attachments, channels.Attachment(a))
	}
	if r.CreatedAt, err = parseTime("created_at", l.CreatedAt); err != nil {
		return r, err
	}
	if r.ReplyBy, err = parseTime("reply_by", l.ReplyBy); err != nil {
		return r, err
	}
	return r, r.Validate()
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
	return time.Time{}, fmt.Errorf(`%s is %.60q; write "2026-03-01 07:58" for UTC, or RFC 3339`, name, text)
}
