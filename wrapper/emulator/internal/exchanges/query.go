// What is asked of the log, and the tree that a person reads.

package exchanges

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// Query says which exchanges; what is empty does not matter.
type Query struct {
	Operation string
	Status    *int
	Verdict   emulatorserver.Verdict
	Direction emulatorserver.Direction
	Cause     int64
	After     int64 // ended after the event with this number
	Limit     int   // 0: all that are kept
}

// Matches tells whether an exchange is one that is asked for.
func (q Query) Matches(x *Exchange) bool {
	return x.event > q.After &&
		(q.Operation == "" || q.Operation == x.Operation) &&
		(q.Status == nil || *q.Status == x.Status) &&
		(q.Verdict == "" || q.Verdict == x.Verdict) &&
		(q.Direction == "" || q.Direction == x.Direction) &&
		(q.Cause == 0 || q.Cause == x.Cause)
}

// Find returns the exchanges that match, the newest first.
func (l *Log) Find(q Query) []*Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*Exchange
	for i := len(l.ring) - 1; i >= l.first && (q.Limit == 0 || len(found) < q.Limit); i-- {
		if q.Matches(l.ring[i]) {
			found = append(found, l.ring[i])
		}
	}
	return found
}

// Get returns an exchange by its number.
func (l *Log) Get(number int64) (*Exchange, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, ok := l.byNumber[number]
	return x, ok
}

// Counts says how many are kept, and how many of them were refused.
func (l *Log) Counts() (kept, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.ring[l.first:] {
		kept++
		if x.Verdict == emulatorserver.VerdictRefused {
			refused++
		}
	}
	return kept, refused
}

// Node is an exchange with what it caused.
type Node struct {
	*Exchange
	Caused []*Node
}

// Tree returns the exchanges that nothing kept has caused, the newest first, each with what it caused in
// the order of numbers. limit bounds the roots; 0 is all.
func (l *Log) Tree(limit int) []*Node {
	l.mu.Lock()
	all := slices.Clone(l.ring[l.first:])
	l.mu.Unlock()
	nodes := make(map[int64]*Node, len(all))
	for _, x := range all {
		nodes[x.Number] = &Node{Exchange: x}
	}
	var roots []*Node
	slices.SortFunc(all, func(a, b *Exchange) int { return cmp.Compare(a.Number, b.Number) })
	for _, x := range all {
		if parent := nodes[x.Cause]; parent != nil {
			parent.Caused = append(parent.Caused, nodes[x.Number])
		} else {
			roots = append(roots, nodes[x.Number])
		}
	}
	slices.Reverse(roots)
	if limit > 0 && len(roots) > limit {
		roots = roots[:limit]
	}
	return roots
}

// Print writes a tree for people, the oldest first.
func Print(roots []*Node) string {
	var b strings.Builder
	for _, n := range slices.Backward(roots) {
		n.print(&b, "")
	}
	return b.String()
}

func (n *Node) print(b *strings.Builder, indent string) {
	arrow := "→" // the app calls
	if n.Direction == emulatorserver.Out {
		arrow = "←"
	}
	fmt.Fprintf(b, "%s%s #%d %s", indent, arrow, n.Number, cmp.Or(n.Operation, n.Method+" "+n.View(false).URL))
	if n.About != "" {
		fmt.Fprintf(b, " %q", n.About)
	}
	fmt.Fprintf(b, " %d %s", n.Status, n.Verdict)
	if n.Code != "" {
		fmt.Fprintf(b, " %s", n.Code)
	}
	if n.Reason != "" {
		fmt.Fprintf(b, ": %s", n.Reason)
	}
	b.WriteByte('\n')
	for _, f := range n.Findings {
		fmt.Fprintf(b, "%s    %s\n", indent, strings.TrimPrefix(f.Where+": "+f.Reason, ": "))
	}
	for _, child := range n.Caused {
		child.print(b, indent+"  ")
	}
}

// Failed tells whether an exchange went wrong in any way.
func (x *Exchange) Failed() bool {
	return x.Status >= http.StatusBadRequest || x.Status == 0 || x.Verdict == emulatorserver.VerdictViolation
}
