package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

func printHead(w io.Writer, rounds, calls int) {
	_, _ = fmt.Fprintf(w, `receiveMessage by wrapper/channels, beside net/http and encoding/json by hand.
%s %s/%s on %s, GOMAXPROCS %d.
Medians of %d rounds of %d calls in memory, %d over loopback; in brackets the middle half
of the rounds' own ratios. The aim in memory: time 1.10, bytes 0.90, allocations 1.00 at most.

%-30s%14s%14s%8s
`, runtime.Version(), runtime.GOOS, runtime.GOARCH, cpu(), runtime.GOMAXPROCS(0),
		rounds, calls, calls/loopbackShare, "A call", "client", "by hand", "ratio")
}

func printScenario(w io.Writer, s scenario, client, byHand []figures) {
	_, _ = fmt.Fprintf(w, "%s\n", s)
	printRows(w, client, byHand,
		row{"time", "%.1f µs", func(f figures) float64 { return f.nanoseconds / 1000 }},
		row{"bytes", "%.0f", func(f figures) float64 { return f.bytes }},
		row{"allocations", "%.1f", func(f figures) float64 { return f.allocations }})
}

// row is a line of figures: its name, how they are written, and what they are.
type row struct {
	name   string
	format string
	of     func(figures) float64
}

func printRows(w io.Writer, client, byHand []figures, rows ...row) {
	for _, row := range rows {
		var c, h, ratios []float64
		for i := range client {
			c = append(c, row.of(client[i]))
			h = append(h, row.of(byHand[i]))
			ratios = append(ratios, c[i]/h[i])
		}
		_, _ = fmt.Fprintf(w, "  %-28s%14s%14s%8.2f  (%.2f to %.2f)\n", row.name,
			fmt.Sprintf(row.format, median(c)), fmt.Sprintf(row.format, median(h)), median(c)/median(h),
			quantile(ratios, 0.25), quantile(ratios, 0.75))
	}
}

// cpu names the processor where the system tells it in a file.
func cpu() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // absent anywhere but on Linux
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "an unnamed CPU"
}
