package main

// This file shows what is in the outbox, and changes what is parked.

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// entryLine is a message of the outbox as --json prints it.
type entryLine struct {
	Number       int64       `json:"number"`
	Installation string      `json:"installation"`
	State        string      `json:"state"`
	AppendedAt   time.Time   `json:"appended_at"`
	SettledAt    time.Time   `json:"settled_at,omitzero"`
	RetryAt      time.Time   `json:"retry_at,omitzero"`
	Attempts     int         `json:"attempts,omitempty"`
	Problem      string      `json:"problem,omitempty"`
	Message      messageLine `json:"message"`
}

func lineOf(e outbox.Entry) entryLine {
	m := e.Message
	l := entryLine{
		Number: e.Number, Installation: e.Installation, State: e.State.String(), AppendedAt: e.AppendedAt, SettledAt: e.SettledAt,
		RetryAt: e.RetryAt, Attempts: e.Attempts, Problem: e.Problem,
		Message: messageLine{
			ID: m.ID, ChannelID: m.ProviderChannelID, ConversationID: m.ConversationID, SenderID: m.SenderID, Message: m.Message,
			Status: string(m.Status), CreatedAt: m.CreatedAt.Format(time.RFC3339), ConversationLink: m.ConversationLink,
		},
	}
	if !m.ReplyBy.IsZero() {
		l.Message.ReplyBy = m.ReplyBy.Format(time.RFC3339)
	}
	for _, a := range m.Attachments {
		l.Message.Attachments = append(l.Message.Attachments, attachmentLine(a))
	}
	return l
}

func (env *environment) show(e outbox.Entry) {
	m := e.Message
	text := fmt.Sprintf("%d  %s  %s  channel %q, conversation %q, message %q, %s, appended %s", e.Number, e.Installation, e.State,
		m.ProviderChannelID, m.ConversationID, m.ID, m.Status, e.AppendedAt.UTC().Format(time.RFC3339))
	if e.Problem != "" {
		text += "\n    " + e.Problem
	}
	env.say(lineOf(e), "%s", text)
}

// onBox opens the outbox for a command that does not deliver.
func (env *environment) onBox(f func(ctx context.Context, box *outbox.Outbox, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		box, err := env.open(cmd.Context(), outbox.Config{})
		if err != nil {
			return err
		}
		defer func() { _ = box.Close() }()
		return f(cmd.Context(), box, args)
	}
}

func listCommand(env *environment) *cobra.Command {
	var filter outbox.Filter
	var state string
	c := &cobra.Command{
		Use: "list", Short: "List messages, the first appended first", Args: noArgs,
		RunE: env.onBox(func(ctx context.Context, box *outbox.Outbox, _ []string) error {
			if state != "" {
				s, ok := map[string]outbox.State{"waiting": outbox.Waiting, "delivered": outbox.Delivered, "parked": outbox.Parked}[state]
				if !ok {
					return usage("--state %.60q is not waiting, delivered or parked", state)
				}
				filter.States = []outbox.State{s}
			}
			entries, err := box.List(ctx, filter)
			for _, e := range entries {
				env.show(e)
			}
			return err
		}),
	}
	c.Flags().StringVar(&filter.Installation, "installation", "", "only those for this `INSTALLATION`")
	c.Flags().StringVar(&state, "state", "", "only those in this `STATE`: waiting, delivered or parked")
	c.Flags().Int64Var(&filter.After, "after", 0, "only those after this `NUMBER`")
	c.Flags().IntVar(&filter.Limit, "limit", 100, "at most so many")
	return c
}

func parkedCommand(env *environment) *cobra.Command {
	var installation string
	c := &cobra.Command{
		Use: "parked", Short: "List the messages that were refused, and why", Args: noArgs,
		RunE: env.onBox(func(ctx context.Context, box *outbox.Outbox, _ []string) error {
			entries, err := box.Parked(ctx, installation)
			for _, e := range entries {
				env.show(e)
			}
			return err
		}),
	}
	c.Flags().StringVar(&installation, "installation", "", "only those for this `INSTALLATION`")
	return c
}

func changeCommand(env *environment, name, short string, change func(*outbox.Outbox, context.Context, int64) error) *cobra.Command {
	return &cobra.Command{
		Use: name + " NUMBER…", Short: short,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("no message: give its number, as parked lists it")
			}
			return nil
		},
		RunE: env.onBox(func(ctx context.Context, box *outbox.Outbox, args []string) error {
			for _, arg := range args {
				number, err := strconv.ParseInt(arg, 10, 64)
				if err != nil {
					return usage("%.60q is no number", arg)
				}
				if err := change(box, ctx, number); err != nil {
					return err
				}
				env.say(map[string]any{"done": name, "number": number}, "%s: message %d", name, number)
			}
			return nil
		}),
	}
}

// statsLine is the figures of an installation as --json prints them.
type statsLine struct {
	Installation  string    `json:"installation"`
	Waiting       int64     `json:"waiting"`
	OldestSeconds float64   `json:"oldest_seconds"`
	Parked        int64     `json:"parked"`
	Delivered     int64     `json:"delivered"`
	Takeovers     int64     `json:"takeovers"`
	Working       bool      `json:"working"`
	Asleep        string    `json:"asleep,omitempty"`
	WakesAt       time.Time `json:"wakes_at,omitzero"`
}

func statsCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "stats", Short: "Show the figures of each installation", Args: noArgs,
		RunE: env.onBox(func(ctx context.Context, box *outbox.Outbox, _ []string) error {
			all, err := box.Stats(ctx)
			for _, s := range all {
				text := fmt.Sprintf("%s  %d waiting (the oldest for %.1f s), %d parked, %d delivered, %d takeovers", s.Installation,
					s.Waiting, s.Oldest.Seconds(), s.Parked, s.Delivered, s.Takeovers)
				if s.Asleep != "" {
					text += fmt.Sprintf("\n    asleep until %s: %s", s.WakesAt.UTC().Format(time.RFC3339), s.Asleep)
				}
				env.say(statsLine{
					Installation: s.Installation, Waiting: s.Waiting, OldestSeconds: s.Oldest.Seconds(), Parked: s.Parked, Delivered: s.Delivered,
					Takeovers: s.Takeovers, Working: s.Working, Asleep: s.Asleep, WakesAt: s.WakesAt,
				}, "%s", text)
			}
			return err
		}),
	}
}

func migrateCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the schema of the database up to date",
		Long: `Bring the schema of the database up to date. Every command does so; this one does nothing else, for a role
that may create tables where the others may not.`,
		Args: noArgs,
		RunE: env.onBox(func(context.Context, *outbox.Outbox, []string) error {
			env.say(map[string]any{"migrated": true}, "the schema is up to date")
			return nil
		}),
	}
}
