package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

func (b *bench) printf(format string, args ...any) { _, _ = fmt.Fprintf(b.out, format, args...) }

func (b *bench) printHead() {
	b.printf("%s %s/%s on %s, GOMAXPROCS %d.\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, cpu(), runtime.GOMAXPROCS(0))
}

func (b *bench) printScenarioHead(overLoopback bool, batch int) {
	name, aim := "memory", "Aims: time 1.15, bytes 0.95, allocations 1.10 at most."
	if overLoopback {
		name, aim = "loopback", "No aims: the network is in it."
	}
	b.printf("\n%s: medians of %d rounds of %d calls. %s\n%-46s%12s%12s%8s\n", name, b.rounds, batch, aim,
		"", "pdchannels", "by hand", "ratio")
}

func (b *bench) printScenario(name string, ours, byHand []figures) {
	b.printf("%s\n", name)
	b.printRows(ours, byHand,
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

func (b *bench) printRows(ours, byHand []figures, rows ...row) {
	for _, row := range rows {
		var o, h []float64
		for i := range ours {
			o = append(o, row.of(ours[i]))
			h = append(h, row.of(byHand[i]))
		}
		b.printf("  %-44s%12s%12s%8s\n", row.name,
			fmt.Sprintf(row.format, median(o)), fmt.Sprintf(row.format, median(h)), ratio(o, h))
	}
}

// ratio is the median of the rounds' own ratios, and in brackets their middle half.
func ratio(a, b []float64) string {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return fmt.Sprintf("%8.2f  (%.2f to %.2f)", median(ratios), quantile(ratios, 0.25), quantile(ratios, 0.75))
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
