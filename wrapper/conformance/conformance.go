// A run: its settings, and its order.

package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// Config says which app to check, and how far to go.
type Config struct {
	// Provider says where the app is. Required.
	Provider emulator.Provider

	// ClientID and ClientSecret are the app's own; every call carries them. Required. The report
	// does not show the secret.
	ClientID     string
	ClientSecret emulator.Secret

	// Channel is the provider channel id of a channel that the app knows, with a history. Required.
	Channel string

	// Conversation is the id of the conversation to write test messages into. If it is empty, they go to
	// the first open conversation of an app on this machine; to an app elsewhere none is sent, and
	// postMessage is not checked.
	Conversation string

	// NoMessages leaves out every call of postMessage.
	NoMessages bool

	// DeleteChannel deletes Channel at the end, by deleteChannelById. Otherwise only a channel that
	// does not exist is deleted.
	DeleteChannel bool

	// Pages limits how many pages of a list are read; what comes after is not checked. Zero means 100.
	Pages int

	// CallTimeout limits how long the app may take to answer a call. Zero means 10 seconds.
	CallTimeout time.Duration

	// Only names the rules to report findings of. Nil means all.
	Only []string

	// Progress, if not nil, is called before each call, with the title of the check and the number of
	// calls so far. It must not block.
	Progress func(title string, calls int)
}

// Run calls the app as Pipedrive would, and as strangers might, and reports on its answers.
//
// It returns an error if the settings are unusable, before it calls the app, or if ctx ends; the
// report then has what was found so far. An app that is at fault or does not answer is no error.
func Run(ctx context.Context, cfg Config) (Report, error) {
	r, err := newRun(ctx, cfg)
	if err != nil {
		return Report{}, fmt.Errorf("conformance: %w", err)
	}
	defer r.app.Close()
	for _, s := range r.steps() {
		r.report.Checks = append(r.report.Checks, Check{Name: s.name, Title: s.title, Findings: []Finding{}, Exchanges: []Exchange{}})
		r.check = &r.report.Checks[len(r.report.Checks)-1]
		if r.quiet = false; !r.over(ctx) {
			s.do(ctx)
		}
		if r.over(ctx) { // a check that was cut short has not passed
			r.notChecked("the run ended first")
		}
		r.check.conclude()
	}
	conclude(&r.report)
	return r.report, context.Cause(ctx)
}

// step is a check to run.
type step struct {
	name, title string
	do          func(context.Context)
}

// steps returns the checks in order: each builds on what earlier ones found, and what may upset
// an app comes last.
func (r *run) steps() []step {
	all := []step{
		{"history", "the history: getConversations, page by page to the end", r.history},
		{"small-pages", "getConversations respects small limits", r.smallPages},
		{"conversations", "getConversationById, of each conversation, back to its first message", r.conversations},
		{"small-message-pages", "getConversationById respects small limits", r.smallMessagePages},
		{"no-limits", "both without limits", r.noLimits},
		{"messages", "getMessageById, and links that expire", r.messages},
		{"senders", "getSenderById, and avatars", r.senders},
		{"templates", "getTemplates", r.templates},
	}
	for _, name := range providercall.Names {
		all = append(all, step{"auth/" + name, name + " refuses wrong credentials", func(ctx context.Context) { r.authentication(ctx, name) }})
	}
	return append(all,
		step{"post-text", "postMessage takes a text", r.postText},
		step{"post-files", "postMessage takes files", r.postFiles},
		step{"delete-channel", "deleteChannelById", r.deleteChannel},
		step{"unknown-ids", "unknown ids", r.unknownIDs},
		step{"hostile-ids", "hostile ids", r.hostileIDs},
		step{"parameters", "invalid limits and cursors", r.parameters},
		step{"routes", "unknown paths and methods", r.routes},
		step{"post-forms", "postMessage refuses incomplete forms", r.postForms},
		step{"alive", "the app still answers", r.alive},
	)
}

func newRun(ctx context.Context, cfg Config) (*run, error) {
	if ctx == nil {
		return nil, errors.New("the context is nil")
	}
	endpoints, err := providercall.Find(ctx, providercall.App(cfg.Provider))
	if err != nil {
		return nil, fmt.Errorf("Provider: %w", err)
	}
	client, err := providercall.New(endpoints, cfg.ClientID, cfg.ClientSecret.Reveal())
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.Channel == "":
		return nil, errors.New("Channel: it is empty; name a channel that the app knows")
	case slices.Contains([]string{".", ".."}, cfg.Channel), slices.Contains([]string{".", ".."}, cfg.Conversation):
		return nil, errors.New("an id of dots alone would make another path")
	case cfg.Pages < 0, cfg.CallTimeout < 0:
		return nil, errors.New("Pages and CallTimeout cannot be negative; zero is the default")
	case knownRules(cfg.Only) != nil:
		return nil, knownRules(cfg.Only)
	case cfg.NoMessages && cfg.Conversation != "":
		return nil, errors.New("Conversation says where messages are written, and NoMessages that none are: set one")
	}
	cfg.Pages, cfg.CallTimeout = cmp.Or(cfg.Pages, 100), cmp.Or(cfg.CallTimeout, 10*time.Second)
	if cfg.Progress == nil {
		cfg.Progress = func(string, int) {}
	}
	hosts := endpoints.Hosts()
	where := cmp.Or(cfg.Provider.BaseURL, strings.Join(hosts, ", "))
	return &run{
		cfg:    cfg,
		began:  time.Now(),
		app:    client.WithTimeout(cfg.CallTimeout),
		links:  newLinks(hosts, cfg.CallTimeout),
		report: Report{App: where, Channel: cfg.Channel, Checks: []Check{}},
		hide:   hider{cfg.ClientSecret.Reveal()},
		serves: map[string]bool{},
		lacks:  map[string]bool{},
		posted: map[string]bool{},
		heads:  map[string]head{},
		listed: map[string]bool{},
		places: map[string]int{},
		whole:  map[string]bool{},
	}, nil
}
