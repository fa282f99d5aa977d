package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestTheRequestLogCannotBeForged(t *testing.T) {
	t.Parallel()
	var screen strings.Builder
	log := slog.New(&requestLog{to: &output{to: &screen}, colour: false})
	log.With("user", 7).Info("answered", "method", "GET", "path", "/v1/\x1b[2J\n12:00:00  GET /", "status", 404)
	log.Warn("accepted what another published source refuses", "reason", "no list\n", "path", "/v1")
	log.Debug("not for everybody")
	lines := strings.Split(screen.String(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], `  GET    "/v1/\x1b[2J\n12:00:00  GET /" → 404 user=7`) ||
		!strings.HasSuffix(lines[1], `  warn: accepted what another published source refuses (/v1): "no list\n"`) {
		t.Errorf("%q", lines)
	}
	if _, err := time.Parse("15:04:05", lines[0][:8]); err != nil {
		t.Error(err)
	}
}

func TestTheRequestLogSaysWhy(t *testing.T) {
	t.Parallel()
	var screen strings.Builder
	log := slog.New(&requestLog{to: &output{to: &screen}})
	log.Info("answered", "method", "POST", "path", "/v1/channels", "status", 403, "code", "ADMIN_ONLY", "reason", "user 2 is no admin", "rules", []string{"admins (documented)", "order (choice)"})
	if want := "  POST   /v1/channels → 403 ADMIN_ONLY: user 2 is no admin · admins (documented) · order (choice)\n"; !strings.HasSuffix(screen.String(), want) {
		t.Errorf("%q, want %q", screen.String(), want)
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	t.Parallel()
	if got := palette(false).status(200) + palette(false).bold("x"); got != "200x" {
		t.Errorf("%q without colour", got)
	}
	for status, want := range map[int]string{200: "\x1b[32m200\x1b[0m", 404: "\x1b[33m404\x1b[0m", 503: "\x1b[31m503\x1b[0m"} {
		if got := palette(true).status(status); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	env := &environment{getenv: vars{}.getenv}
	if out := (&output{to: io.Discard}); bool(env.hasColour(out)) || env.isTerminal(out) {
		t.Error("io.Discard is taken for a terminal")
	}
}
