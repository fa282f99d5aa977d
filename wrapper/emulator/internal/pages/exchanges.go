package pages

import (
	"net/http"
	"time"
)

// ExchangeFilter says which exchanges to show.
type ExchangeFilter struct {
	Query string // words; each is part of an operation, id or status, such as receiveMessage 4xx nils
	Only  string // refused, broken, lenient or fault; empty: all
	Limit int    // of causes
}

// Causes is what the inspector lists.
type Causes struct {
	Causes                                []Cause
	All, Refused, Broken, Lenient, Faults int // exchanges kept, and what is wrong with them
	Dropped                               int64
}

// Cause is what set exchanges off: a request of the app, a reply, an import.
type Cause struct {
	Title string
	At    time.Time
	Took  time.Duration // from its beginning to the end of its last exchange
	Calls []Call
}

// Call is one exchange in the list, at its place in the tree.
type Call struct {
	Number  int64
	Depth   int // 0 for the first
	ToApp   bool
	Name    string // the operation, or method and path
	About   string // ids, in short
	Status  int    // 0: no answer, or none yet
	Verdict Verdict
	Offset  time.Duration // since the cause began
	Took    time.Duration
	Note    string // what followed beyond the answer, such as a page that was not asked for
}

// Verdict is what the documents say of an exchange.
type Verdict string

// The verdicts.
const (
	Fine    Verdict = ""
	Refused Verdict = "refused"
	Broken  Verdict = "breaks a rule" // an answer of the app
	Lenient Verdict = "lenient"       // accepted, and strict would not
	Fault   Verdict = "fault"         // a fault that was set answered
	Waiting Verdict = "waiting"
)

// Exchange is one exchange in full. Its texts hold no credential.
type Exchange struct {
	Call
	At                            time.Time
	Method, URL                   string
	Findings                      []Finding
	Rules                         []Rule // that answered, the decisive one first
	RequestHeader, ResponseHeader http.Header
	RequestBody, ResponseBody     string // as far as they are kept
	RequestSize, ResponseSize     int64
	Curl                          string // the request as a command; empty if it cannot be one
}

// Rule is a rule of the emulator, and what it rests on.
type Rule struct {
	Text       string
	Provenance Provenance
	Source     string // where it is documented or was seen
}

// Finding is one thing that is wrong with an exchange, or that strict would refuse.
type Finding struct {
	Where      string // a path in the body, or a header
	Text       string
	Lenient    bool
	Provenance Provenance
	Source     string
}

// Provenance says what a rule rests on.
type Provenance string

// What rules rest on.
const (
	Documented Provenance = "documented"
	Seen       Provenance = "seen"
	OurChoice  Provenance = "our choice"
)
