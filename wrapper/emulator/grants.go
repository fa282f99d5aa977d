// What is remembered of codes and tokens: whose they are, and for how long.

package emulator

import (
	"slices"
	"time"
)

// maxGrants is how many codes or tokens of one kind are remembered.
//
// Our choice: 10,000 of a kind; a further one ends the oldest, so that refreshing in a loop
// takes no more memory.
const maxGrants = 10_000

// grant is what a code or a token stands for, until it expires; never if that is zero.
type grant struct {
	user         User
	installation *installation // nil for a code, and for a token that the emulator was made with
	redirectURL  string        // of a code: where it was sent
	expires      time.Time
}

func (g grant) liveAt(now time.Time) bool { return g.expires.IsZero() || now.Before(g.expires) }

// grants are the codes or the tokens of one kind.
type grants struct {
	byDigest map[digest]grant
	order    []digest // the oldest first; those that never end are not among them
	max      int
}

func newGrants() *grants { return &grants{byDigest: map[digest]grant{}, max: maxGrants} }

func (s *grants) put(key digest, g grant) {
	s.byDigest[key] = g
	if g.expires.IsZero() {
		return
	}
	s.order = append(s.order, key)
	if len(s.order) > s.max {
		s.drop(s.order[0])
	}
}

// extend moves the end of a grant.
func (s *grants) extend(key digest, expires time.Time) {
	g := s.byDigest[key]
	g.expires = expires
	s.byDigest[key] = g
}

func (s *grants) drop(key digest) {
	delete(s.byDigest, key)
	if i := slices.Index(s.order, key); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	}
}

// dropAll drops what an installation was given.
func (s *grants) dropAll(of *installation) {
	for key, g := range s.byDigest {
		if g.installation == of {
			s.drop(key)
		}
	}
}

// expireAll ends all but those that never end.
func (s *grants) expireAll(now time.Time) {
	for key, g := range s.byDigest {
		if !g.expires.IsZero() && g.expires.After(now) {
			s.extend(key, now)
		}
	}
}
