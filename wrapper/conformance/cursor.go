// Lists in pages: following cursors, and noticing that they lead nowhere.

package conformance

import "context"

// page is a page of a list.
type page struct {
	answer
	ids   []string
	after string // the cursor of the next page; empty: this is the last
	where string // the cursor stands there
	ok    bool
}

// follow reads a list from the cursor on, page by page, to its end or up to pages of them. It
// returns whether the list came to an end. If all is set, that it did not is told.
func (r *run) follow(ctx context.Context, after string, pages int, all bool, next func(context.Context, string) page) (ended bool) {
	cursors, ids := map[string]bool{after: true}, map[string]bool{}
	stale := false // the page before brought nothing new
	for n := range pages {
		if r.kept > maxKept {
			r.notChecked("the history is larger than the check keeps: what came after %d MiB of it was not read", maxKept>>20)
			return false
		}
		p := next(ctx, after)
		p.Body = nil // decoded; the next one takes as much
		if !p.ok {
			return false
		}
		fresh := 0
		for _, id := range p.ids {
			if ids[id] && id != "" {
				r.risk(p.answer, "repeated-id", "", "%q comes twice in the list", id)
			} else {
				fresh++
			}
			ids[id] = true
		}
		if stale && fresh > 0 {
			r.risk(p.answer, "empty-page", "", "the page before had nothing new, and yet the list goes on: a caller that stops there misses the rest")
		}
		switch {
		case p.after == "":
			return true
		case fresh == 0 && stale:
			r.violation(p.answer, "cursor-endless", p.where, "%q leads on from a page that has nothing new: the list never ends", p.after)
			return false
		case cursors[p.after]:
			r.violation(p.answer, "cursor-repeats", p.where, "%q came before: the list never ends", p.after)
			return false
		case n == pages-1 && all:
			r.notChecked("the list goes on after %d pages, each with something new: allow more", pages)
		}
		cursors[p.after] = true
		stale = fresh == 0
		after = p.after
	}
	return false
}
