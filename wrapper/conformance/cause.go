// Findings by their causes: what to fix, in the order in which to fix it.

package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/internal/providercall"
)

// Cause is something to fix: all findings of a run by one rule, of one property.
type Cause struct {
	Severity  Severity  `json:"severity"` // the worst of the findings
	Rule      string    `json:"rule"`
	Property  string    `json:"property,omitempty"` // such as messages.created_at; empty if the rule is about no property
	Endpoints []string  `json:"endpoints"`          // whose answers have it
	Reason    string    `json:"reason"`             // of the first finding of this severity
	Advice    string    `json:"advice"`
	Count     int       `json:"count"`              // how often it was seen in the run
	Exchange  *Exchange `json:"exchange,omitempty"` // where it was first seen; nil if in no single one
}

// String says what is wrong and where, in one line.
func (c Cause) String() string {
	text := fmt.Sprintf("%s %s", c.Severity, c.Rule)
	if c.Property != "" {
		text += " of " + c.Property
	}
	if where := strings.Join(c.Endpoints, ", "); where != "" {
		text += ": " + where
	}
	text += ": " + c.Reason
	if c.Count > 1 {
		text += fmt.Sprintf(" (and %d more)", c.Count-1)
	}
	return text
}

// causes groups what the checks found: violations first, and among them what hides others.
func causes(checks []Check) []Cause {
	type key struct{ rule, property string }
	all, places := []Cause{}, map[key]int{}
	for _, check := range checks {
		for _, f := range check.Findings {
			var exchange *Exchange
			if f.Exchange >= 0 && f.Exchange < len(check.Exchanges) {
				exchange = &check.Exchanges[f.Exchange]
			}
			k := key{f.Rule, property(f, exchange)}
			i, known := places[k]
			if !known {
				i = len(all)
				places[k] = i
				all = append(all, Cause{Rule: f.Rule, Property: k.property, Endpoints: []string{}, Advice: f.Advice})
			}
			c := &all[i]
			c.Count += f.Count
			if f.Endpoint != "" && !slices.Contains(c.Endpoints, f.Endpoint) {
				c.Endpoints = append(c.Endpoints, f.Endpoint)
			}
			if c.Severity == "" || c.Severity == Risk && f.Severity == Violation {
				c.Severity, c.Reason, c.Exchange = f.Severity, f.Reason, exchange
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Cause) int {
		if a.Severity != b.Severity {
			return cmp.Compare(b.Severity, a.Severity) // violation, risk
		}
		return rank(a.Rule) - rank(b.Rule)
	})
	return all
}

// property names what a finding is about, the same in lists, single answers and errors.
func property(f Finding, x *Exchange) string {
	var parts []string
	for part := range strings.SplitSeq(f.Where, ".") {
		if part != "" && strings.Trim(part, "0123456789") != "" {
			parts = append(parts, part)
		}
	}
	switch {
	case len(parts) == 0:
		return ""
	case x != nil && x.StatusCode >= 300:
		return "error: " + strings.Join(parts, ".")
	case parts[0] == "data" && len(parts) > 1:
		parts = parts[1:]
	}
	switch f.Endpoint {
	case providercall.GetMessageByID:
		parts = append([]string{"messages"}, parts...)
	case providercall.GetSenderByID:
		parts = append([]string{"sender"}, parts...)
	case providercall.PostMessage:
		parts = append([]string{"posted"}, parts...)
	}
	return strings.Join(parts, ".")
}
