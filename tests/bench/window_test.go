package main

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// The window refuses what would be too many in any two seconds, and nothing else.
func TestWindow(t *testing.T) {
	t.Parallel()
	w := newWindow()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i, c := range []struct {
		after  time.Duration
		calls  int
		status int
	}{
		{0, windowLimit - 1, http.StatusOK},
		{time.Second, 1, http.StatusOK},
		{time.Second, 1, http.StatusTooManyRequests},
		{windowLength, 1, http.StatusTooManyRequests}, // the first ones are just two seconds old
		{windowLength + time.Nanosecond, windowLimit - 1, http.StatusOK},
		{windowLength + time.Nanosecond, 1, http.StatusTooManyRequests},
		{3*time.Second + time.Nanosecond, 1, http.StatusOK},
	} {
		for call := range c.calls {
			if got, _ := w.receive(strconv.Itoa(i)+"-"+strconv.Itoa(call), start.Add(c.after)); got != c.status {
				t.Fatalf("after %v, call %d: %d, want %d", c.after, call, got, c.status)
			}
		}
	}
	if want := 2 * windowLimit; len(w.arrived) != want || w.refused != 3 {
		t.Errorf("%d arrived and %d were refused, want %d and 3", len(w.arrived), w.refused, want)
	}
}

func TestShortest(t *testing.T) {
	t.Parallel()
	for messages, want := range map[int]time.Duration{1: 0, 80: 0, 81: 2 * time.Second, 1000: 24 * time.Second} {
		if got := shortest(messages); got != want {
			t.Errorf("%d messages: %v, want %v", messages, got, want)
		}
	}
}

// Each side is measured once a round, and none always after the same one.
func TestTakeTurns(t *testing.T) {
	t.Parallel()
	var order string
	side := func(name string) func() (string, error) {
		return func() (string, error) {
			order += name
			return name, nil
		}
	}
	measured, err := takeTurns(3, side("a"), side("b"), side("c"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "abc" + "bca" + "cab" + "abc"; order != want {
		t.Errorf("order %q, want %q", order, want)
	}
	for i, name := range []string{"a", "b", "c"} {
		if got := measured[i]; len(got) != 3 || got[0] != name {
			t.Errorf("side %d: %q, want three of %q", i, got, name)
		}
	}
}
