// The emulator's log for people: one line a request.

package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// requestLog is a slog.Handler whose lines people read.
type requestLog struct {
	to     *output
	colour palette
	attrs  []slog.Attr
}

// Enabled leaves out debug messages of the emulator itself.
func (h *requestLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// WithGroup returns h: the emulator uses no groups.
func (h *requestLog) WithGroup(string) slog.Handler { return h }

// WithAttrs returns a handler that adds attrs to each line.
func (h *requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	more.attrs = append(slices.Clip(more.attrs), attrs...)
	return &more
}

// Handle writes one line: time, method, path and status of a request, and what else there is.
func (h *requestLog) Handle(_ context.Context, r slog.Record) error {
	var method, path, rest string
	status := 0
	take := func(a slog.Attr) bool {
		switch a.Key {
		case "method":
			method = printable(a.Value.String())
		case "path":
			path = printable(a.Value.String())
		case "status":
			status, _ = strconv.Atoi(a.Value.String())
		default:
			rest += " " + h.colour.dim(a.Key+"="+printable(a.Value.String()))
		}
		return true
	}
	for _, a := range h.attrs {
		take(a)
	}
	r.Attrs(take)

	line := r.Time.Format("15:04:05") + "  "
	if status != 0 {
		line += fmt.Sprintf("%-6s %s → %s", method, path, h.colour.status(status))
	} else {
		line += h.colour.warn(strings.ToLower(r.Level.String())) + ": " + printable(r.Message) + rejoin(method, path)
	}
	h.to.print(line + rest + "\n")
	return nil
}

func rejoin(method, path string) string {
	if method+path == "" {
		return ""
	}
	return " (" + strings.TrimSpace(method+" "+path) + ")"
}
