// The API's spellings of time, read and written by code of the emulator's own.

package emulator

import (
	"errors"
	"time"
)

const (
	requestLayout = "2006-01-02 15:04"              // of a request, UTC
	secondsLayout = "2006-01-02 15:04:05"           // of some clients' requests; read as UTC
	messageLayout = "2006-01-02T15:04:05.000Z07:00" // of receiveMessage's answer
	channelLayout = "2006-01-02 15:04:05"           // of addChannel's answer, UTC
)

func isMinute(s string) bool {
	_, err := time.Parse(requestLayout, s)
	return err == nil
}

// parseRequestTime reads all spellings of a time in a request.
func parseRequestTime(s string) (time.Time, error) {
	layout := time.RFC3339
	switch {
	case len(s) == len(requestLayout):
		layout = requestLayout
	case len(s) >= len(secondsLayout) && s[len("2006-01-02")] == ' ':
		layout = secondsLayout // fractions are read as well
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, err
	}
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 { // by its offset only; no answer could spell it
		return time.Time{}, errors.New("its year in UTC has no four digits")
	}
	return t, nil
}

// checkRequestTime finds what the document's pattern cannot: a thirteenth month.
func checkRequestTime(s string) error {
	_, err := parseRequestTime(s)
	return err
}
