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

// Handle writes one line: time, method, path and status of a request, why that, and what else there is.
func (h *requestLog) Handle(_ context.Context, r slog.Record) error {
	values := map[string]string{}
	var rest strings.Builder
	take := func(a slog.Attr) bool {
		value := printable(a.Value.String())
		switch a.Key {
		case "method", "path", "status", "code", "reason":
			values[a.Key] = value
		case "rules":
			rules, _ := a.Value.Any().([]string)
			for _, rule := range rules {
				rest.WriteString(h.colour.dim(" · " + printable(rule)))
			}
		default:
			rest.WriteString(h.colour.dim(" " + a.Key + "=" + value))
		}
		return true
	}
	for _, a := range h.attrs {
		take(a)
	}
	r.Attrs(take)

	line := r.Time.Format("15:04:05") + "  "
	if status, err := strconv.Atoi(values["status"]); err == nil {
		line += fmt.Sprintf("%-6s %s → %s", values["method"], values["path"], h.colour.status(status))
	} else {
		line += h.colour.warn(strings.ToLower(r.Level.String())) + ": " + printable(r.Message)
		if where := strings.TrimSpace(values["method"] + " " + values["path"]); where != "" {
			line += " (" + where + ")"
		}
	}
	if code := values["code"]; code != "" {
		line += " " + h.colour.warn(code)
	}
	if reason := values["reason"]; reason != "" {
		line += ": " + reason
	}
	h.to.print(line + rest.String() + "\n")
	return nil
}
