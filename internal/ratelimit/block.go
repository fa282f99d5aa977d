package ratelimit

import (
	"slices"
	"time"
)

// block is what a proxy before the API does to a client it is tired of: it answers 403 with a page of its own.
type block struct {
	latch

	pages []string // the keys of the calls in a row that got such a page
}

// page is told of such a page. It means a block if it follows a 429, or if several
// calls in a row get one. One alone can be about what one message says.
// It lasts as long as the page tells, or else for a guess.
func (b *block) page(now, told time.Duration, s Slot, key string, afterRefusal bool) {
	if !slices.Contains(b.pages, key) && len(b.pages) < 3 {
		b.pages = append(b.pages, key)
	}
	switch {
	case s.probe == &b.latch:
		b.again(now)
	case afterRefusal, len(b.pages) == 3:
		if told == 0 {
			told = firstProbe
		}
		b.trip(now, min(told, lastProbe), 0)
	}
}
