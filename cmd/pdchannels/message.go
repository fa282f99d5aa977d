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

const aboutReceive = `The API is named from Pipedrive's side, which receives: this delivers to Pipedrive a message
that your app received, or sent elsewhere. A message whose id Pipedrive has is updated, so a
new status is delivered by the whole message with that status.

With --file the messages are JSON lines, one object a line, by the API's own names: id,
channel_id, conversation_id, sender_id, message, status, created_at, and if wanted reply_by,
conversation_link and attachments (a list of id, type, url, name, size, preview_url,
link_expires). A key of any other name makes a line unreadable, so that a typo loses nothing.
Blank lines are skipped; a line may be 1 MiB long. Times are UTC as "2026-03-01 07:58", or
RFC 3339; the API keeps minutes.

Messages are delivered side by side, as fast as the limits allow, and in order within each
conversation. After one that failed, the rest of its conversation is held back; a line that is
not even JSON could be of any conversation and holds nothing back, so use --check first where
order matters. A call without an answer is repeated (--attempts), and a 429 is waited out.

The delivery stops after an answer that every message would get (401, 403, 404, 410), after
three messages in a row without a proper answer, and when a limit lasts for longer than
--patience: the daily budget is used up, or a proxy blocks. The default is longer than a burst
limit lasts, and ends before a script hangs until midnight; with --patience 24h the command
waits, tries now and then, and goes on by itself. A limit is shared by all who call for one
installation: run side by side, each program should know of the others by --processes.

What was not delivered is written to the file that --undelivered names, each line as it was read
and in the order of the input, to be fed in again. By default that is messages.undelivered.jsonl
for messages.jsonl. It is never one that exists already, and is removed if all was delivered. A
line whose answer was lost is among them too: delivering it twice does no harm. Ctrl-C ends a
delivery without losing anything; after a second one, which ends it at once, feed in all again.`

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

// receive is what the flags of the command say.
type receive struct {
	settings
	file, undelivered string
	check             bool
	patience          time.Duration
	processes         int
	message           messageLine
}

func (c *receive) declare(flags *pflag.FlagSet) {
	c.settings.declare(flags)
	flags.StringVar(&c.file, "file", "", "deliver the JSON lines of this `FILE`; - is stdin")
	flags.StringVar(&c.undelivered, "undelivered", "", "the `FILE` for what is not delivered; it must not exist")
	flags.BoolVar(&c.check, "check", false, "read and check everything, and send nothing")
	flags.DurationVar(&c.patience, "patience", 2*time.Minute, "the `TIME` to wait for the end of a limit that lasts, before the delivery of a file stops")
	flags.IntVar(&c.processes, "processes", 1, "the `NUMBER` of programs that share the limits of the installation; this one uses an equal part")
	m := &c.message
	flags.StringVar(&m.ID, "id", "", "your own `ID` of the message (required)")
	flags.StringVar(&m.ChannelID, "channel", "", "your own `ID` of the channel (required)")
	flags.StringVar(&m.ConversationID, "conversation", "", "your own `ID` of the conversation (required)")
	flags.StringVar(&m.SenderID, "sender", "", "your own `ID` of the person who wrote it (required)")
	flags.StringVar(&m.Message, "text", "", "the `TEXT`; may be left out beside an attachment")
	flags.StringVar(&m.Status, "status", "", "the `STATUS`: sent, delivered, read or failed (required)")
	flags.StringVar(&m.CreatedAt, "created-at", "", "the `TIME` it was written at: \"2026-03-01 07:58\" in UTC, or RFC 3339; now if left out")
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

// describesMessage tells whether a flag is of one message.
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
		if f.Name == "undelivered" || f.Name == "patience" || f.Name == "processes" {
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
		return a, errors.New(`not of the form id=…,type=…,url=…; a value with a comma is quoted with its key: "url=https://…"`)
	}
	var seen []string
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if slices.Contains(seen, key) {
			return a, fmt.Errorf("%s is there twice", key)
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
			return a, fmt.Errorf("%q is not known here; there are id, type, url, name, size, preview_url, link_expires", key)
		}
		if err != nil {
			return a, fmt.Errorf("%s cannot be %q", key, value)
		}
	}
	return a, nil
}
