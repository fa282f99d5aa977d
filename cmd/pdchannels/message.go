// The command message receive: one message from flags, or many from JSON lines.

package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const aboutReceive = `The name is Pipedrive's, which receives: this delivers to Pipedrive a message that your app
received, or sent elsewhere. Pipedrive updates a message whose id it has, so to change a status,
deliver the whole message again with the new status.

With --file the messages are JSON lines, one object a line, with the API's own keys: id,
channel_id, conversation_id, sender_id, message, status, created_at, and optionally reply_by,
conversation_link and attachments (a list of id, type, url, name, size, preview_url,
link_expires). Any other key makes a line unreadable, so that a typo loses nothing. Blank lines
are skipped; a line may be 1 MiB long. Times are UTC as "2026-03-01 07:58", or RFC 3339; the
API keeps minutes.

Messages are delivered side by side, as fast as the limits allow, and in order within each
conversation. After a failure, the rest of that conversation is held back; a line that is not
even JSON belongs to no conversation and holds nothing back, so run --check first where order
matters. A call without an answer is retried (--attempts), and a 429 is waited out.

The delivery stops after an answer that every message would get (401, 402, 403, 410), after
three messages in a row without a proper answer, and when a limit outlasts --patience: the daily
budget is used up, or a proxy blocks. The default outlasts a burst limit, but does not hang a
script until midnight; with --patience 24h the command waits, tries now and then, and continues
by itself. All programs of one installation share its limits; each finds its share by itself.

Undelivered lines are written to the file that --undelivered names, unchanged and in the order of
the input, to be delivered again. The default for messages.jsonl is messages.undelivered.jsonl.
The file must not exist, and is removed if everything was delivered. It includes messages of
unknown result: delivering them twice does no harm. Ctrl-C ends a delivery without losing
anything; after a second Ctrl-C, which ends it at once, deliver the whole input again.`

func messageReceiveCommand(env *environment) *cobra.Command {
	var r receive
	c := &cobra.Command{
		SuggestFor: []string{"send", "deliver", "update"},
		Use:        "receive {--file FILE | --id ID --channel ID --conversation ID --sender ID --status STATUS --text TEXT} [flags]",
		Short:      "Deliver a message, or many, to Pipedrive",
		Long:       aboutReceive,
		Example: `pdchannels message receive --id m-1 --channel shop-1 --conversation c-1 --sender nils --status sent --text "Is it in stock?"
pdchannels message receive --id m-2 --channel shop-1 --conversation c-1 --sender nils --status sent \
    --attachment id=a-1,type=image/png,url=https://shop.example/wheel.png,name=wheel.png
pdchannels message receive --check --file messages.jsonl
pdchannels message receive --file messages.jsonl
pdchannels message receive --file messages.jsonl --patience 24h
export-messages | pdchannels message receive --file - --undelivered later.jsonl`,
		Annotations: unsure("The message may have arrived all the same. Deliver it again: Pipedrive updates a message that it has, and does not double it."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if r.file == "" {
				return r.one(cmd.Context(), env, cmd.Flags())
			}
			return r.many(cmd.Context(), env, cmd.Flags())
		},
	}
	r.declare(c.Flags())
	completes(c, "status", string(channels.StatusSent), string(channels.StatusDelivered), string(channels.StatusRead), string(channels.StatusFailed))
	completesFiles(c, "file", "undelivered")
	return c
}

// receive holds the flags of the command.
type receive struct {
	settings
	file, undelivered string
	check             bool
	patience          time.Duration
	message           messageLine
}

func (c *receive) declare(flags *pflag.FlagSet) {
	c.settings.declare(flags)
	flags.StringVar(&c.file, "file", "", "deliver the JSON lines of this `FILE`; - is stdin")
	flags.StringVar(&c.undelivered, "undelivered", "", "the `FILE` for undelivered messages; it must not exist")
	flags.BoolVar(&c.check, "check", false, "check all messages, and send nothing")
	flags.DurationVar(&c.patience, "patience", 2*time.Minute, "the `TIME` to wait for a limit to end before the delivery of a file stops")
	m := &c.message
	flags.StringVar(&m.ID, "id", "", "your own `ID` of the message (required)")
	flags.StringVar(&m.ChannelID, "channel", "", "your own `ID` of the channel (required)")
	flags.StringVar(&m.ConversationID, "conversation", "", "your own `ID` of the conversation (required)")
	flags.StringVar(&m.SenderID, "sender", "", "your own `ID` of the person who wrote it (required)")
	flags.StringVar(&m.Message, "text", "", "the `TEXT`; optional with an attachment")
	flags.StringVar(&m.Status, "status", "", "the `STATUS`: sent, delivered, read or failed (required)")
	flags.StringVar(&m.CreatedAt, "created-at", "", "the `TIME` it was written: \"2026-03-01 07:58\" in UTC, or RFC 3339; default now")
	flags.StringVar(&m.ReplyBy, "reply-by", "", "the `TIME` until which the conversation takes replies")
	flags.StringVar(&m.ConversationLink, "link", "", "the `URL` at which your app opens the conversation")
	flags.Func("attachment", "a `FILE`, as id=ID,type=MIME,url=URL; also name, size, preview_url, link_expires; repeat the flag for several", func(text string) error {
		a, err := parseAttachment(text)
		m.Attachments = append(m.Attachments, a)
		return err
	})
}

var flagNames = fieldNames{
	"ID": "--id", "ProviderChannelID": "--channel", "ConversationID": "--conversation", "SenderID": "--sender",
	"Message": "--text", "Status": "--status", "CreatedAt": "--created-at", "ReplyBy": "--reply-by",
	"ConversationLink": "--link", "Attachments": "--attachment",
}

// describesMessage reports whether a flag describes a single message.
func describesMessage(name string) bool {
	for _, flag := range flagNames {
		if flag == "--"+name {
			return true
		}
	}
	return false
}

// one delivers the message that the flags describe.
func (c *receive) one(ctx context.Context, env *environment, flags *pflag.FlagSet) error {
	if flags.NFlag() == 0 {
		return usage("describe a message by flags, or name a file of messages with --file")
	}
	var err error
	flags.Visit(func(f *pflag.Flag) {
		if f.Name == "undelivered" || f.Name == "patience" {
			err = usage("--%s goes with --file", f.Name)
		}
	})
	if err != nil {
		return err
	}
	if c.message.CreatedAt == "" {
		c.message.CreatedAt = time.Now().Format(time.RFC3339)
	}
	r, err := c.message.request(flagNames)
	if err != nil {
		return usageError{err}
	}
	if c.check {
		env.say(map[string]any{"check": map[string]int{"messages": 1, "unreadable": 0}}, "The message is well formed. Nothing was sent.")
		return nil
	}
	client, _, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	m, err := client.ReceiveMessage(ctx, r)
	if err != nil {
		return err
	}
	env.say(map[string]any{"message": lineOf(m)}, "Message %s is in conversation %s of channel %s, with status %s.",
		printable(m.ID), printable(m.ConversationID), printable(m.ProviderChannelID), printable(string(m.Status)))
	return nil
}

// parseAttachment reads key=value pairs, separated by commas and quoted as in CSV.
func parseAttachment(text string) (attachmentLine, error) {
	var a attachmentLine
	pairs, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return a, errors.New(`not of the form id=…,type=…,url=…; quote a value with a comma together with its key: "url=https://…"`)
	}
	var seen []string
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if slices.Contains(seen, key) {
			return a, fmt.Errorf("%s is given twice", key)
		}
		seen = append(seen, key)
		switch key {
		case "id":
			a.ID = value
		case "type":
			a.Type = value
		case "url":
			a.URL = value
		case "name":
			a.Name = value
		case "size":
			a.Size, err = strconv.ParseFloat(value, 64)
		case "preview_url":
			a.PreviewURL = value
		case "link_expires":
			a.LinkExpires, err = strconv.ParseBool(value)
		default:
			return a, fmt.Errorf("unknown key %q; the keys are id, type, url, name, size, preview_url, link_expires", key)
		}
		if err != nil {
			return a, fmt.Errorf("%s cannot be %q", key, value)
		}
	}
	return a, nil
}
