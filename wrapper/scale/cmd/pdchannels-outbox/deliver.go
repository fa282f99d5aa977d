package main

// This file is the command run: it delivers, and tells how it goes.

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

func runCommand(env *environment) *cobra.Command {
	var store string
	var every time.Duration
	var once bool
	var keep time.Duration
	c := &cobra.Command{
		Use:   "run",
		Short: "Deliver until Ctrl-C or SIGTERM",
		Long: `Deliver what is in the outbox, and what others append, until Ctrl-C or SIGTERM; then the
requests under way end, and other processes take over. Run it on one machine for SQLite,
and on as many as you like for Postgres. With --once it ends when nothing more can be delivered, with
exit code 3 if messages are parked.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < time.Second {
				return usage("--progress %v is less than a second", every)
			}
			return env.deliver(cmd.Context(), store, every, keep, once)
		},
	}
	c.Flags().StringVar(&store, "store", "", "the `STORE` of logins: a directory, or postgres://…; else PIPEDRIVE_STORE, else that of pdchannels login")
	c.Flags().DurationVar(&every, "progress", 10*time.Second, "how often to tell how it goes")
	c.Flags().DurationVar(&keep, "keep", 24*time.Hour, "how long to keep delivered messages")
	c.Flags().BoolVar(&once, "once", false, "end when nothing more can be delivered")
	return c
}

func noArgs(c *cobra.Command, args []string) error {
	if err := cobra.NoArgs(c, args); err != nil {
		return usageError{err}
	}
	return nil
}

func (env *environment) deliver(ctx context.Context, store string, every, keep time.Duration, once bool) error {
	clients, err := env.clients(ctx, store)
	if err != nil {
		return err
	}
	if keep == 0 {
		keep = -1
	}
	box, err := env.open(ctx, outbox.Config{Client: clients, Keep: keep})
	if err != nil {
		return err
	}
	defer func() { _ = box.Close() }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	progress, look := time.NewTicker(every), time.NewTicker(200*time.Millisecond)
	defer progress.Stop()
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return env.summary(context.WithoutCancel(ctx), box, once, err)
		case <-progress.C:
			if sum, err := total(ctx, box); err == nil {
				_, _ = fmt.Fprintln(env.stderr, sum)
			}
		case <-look.C:
			if sum, err := total(ctx, box); once && err == nil && sum.Working == 0 {
				stop()
			}
		}
	}
}

// totals are the figures of all installations.
type totals struct {
	Installations int     `json:"installations"`
	Waiting       int64   `json:"waiting"`
	OldestSeconds float64 `json:"oldest_seconds"`
	Parked        int64   `json:"parked"`
	Delivered     int64   `json:"delivered"`
	Working       int     `json:"working"`
	Asleep        int     `json:"asleep"`
	Takeovers     int64   `json:"takeovers"`
}

// String is the figures as one line.
func (t totals) String() string {
	return fmt.Sprintf("%d delivered, %d waiting (the oldest for %.1f s), %d parked; of %d installations %d are worked on, %d asleep; %d takeovers",
		t.Delivered, t.Waiting, t.OldestSeconds, t.Parked, t.Installations, t.Working, t.Asleep, t.Takeovers)
}

func total(ctx context.Context, box *outbox.Outbox) (totals, error) {
	all, err := box.Stats(ctx)
	var t totals
	for _, s := range all {
		t.Installations++
		t.Waiting += s.Waiting
		t.OldestSeconds = max(t.OldestSeconds, s.Oldest.Seconds())
		t.Parked += s.Parked
		t.Delivered += s.Delivered
		t.Takeovers += s.Takeovers
		if s.Working || s.Waiting > 0 && !s.WakesAt.IsZero() && s.Asleep == "" {
			t.Working++
		}
		if s.Asleep != "" {
			t.Asleep++
		}
	}
	return t, err
}

func (env *environment) summary(ctx context.Context, box *outbox.Outbox, once bool, err error) error {
	if err != nil {
		return err
	}
	sum, err := total(ctx, box)
	if err != nil {
		return err
	}
	env.say(sum, "%s", sum)
	if once && (sum.Parked > 0 || sum.Waiting > 0) {
		return errIncomplete
	}
	return nil
}
