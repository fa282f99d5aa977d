// Package recordings holds the corpus: exchanges between an app and Pipedrive, the app's calls
// of the Channels API and Pipedrive's calls of the app, one to a file, each with what it rests on. README.md tells how a file reads and what its
// origin is worth; the package tests/contract holds both sides of both documents to them.
//
// Nothing here was captured from the live service so far: no file has the origin [Live].
package recordings

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed *.txtar
var files embed.FS

// Origin says what a recording is evidence of.
type Origin string

// The origins. Only Documented and Live say anything about the real service.
const (
	// Documented is built from the published reference, with values of our own.
	Documented Origin = "documented"
	// Live was captured from the real service by the recorder.
	Live Origin = "live"
	// Emulator was captured from wrapper/emulator by the recorder.
	Emulator Origin = "emulator"
	// Seen is built from what others met, as told by the code of a public client.
	Seen Origin = "seen"
	// Invented is nobody's evidence: an answer of our own making that a client must survive.
	Invented Origin = "invented"
)

// Counts tells whether the recording is evidence for what the document says of the service.
func (o Origin) Counts() bool { return o == Documented || o == Live }

// Check names a check that a recording can be exempt from.
type Check string

// The checks with exemptions; from the replay to the client there is none.
const (
	CheckRequest  Check = "document-request"  // the request is as the document has it
	CheckResponse Check = "document-response" // the answer is as the document has it
	CheckEmulator Check = "emulator"          // the emulator gives the same answer, to an app
	CheckHandler  Check = "handler"           // the handler of wrapper/provider does, to Pipedrive
)

// Exemption says which check a recording fails on purpose, and why.
type Exemption struct {
	Check  Check
	Reason string
}

// Given is the state in which the exchange takes place.
type Given struct {
	User  string   // "admin", who owns the installation and is the default, or "member", who is and does neither
	After []string // the recordings that were played before, in this order
	Limit string   // the limit that they used up: "burst", "daily" or none
	App   string   // why the app refuses: "suspended", "forbidden", "limited", or nothing
	Fault string   // what is out of order, from the list in README.md, or nothing
}

// Recording is one exchange.
type Recording struct {
	Name      string // of the file, without .txtar: operation-status-what
	Summary   string
	Operation string // the operationId, which one of the documents has
	Origin    Origin
	Source    string // where in the published reference, or what else it rests on
	Given     Given
	Exempt    []Exemption

	Call     string // the caller's method and its request as JSON; empty if the caller makes no such request
	Request  Request
	Response Response
	Result   string // what the caller returns, written by hand from the reference
}

// ExemptFrom tells whether the recording fails the check on purpose.
func (r *Recording) ExemptFrom(c Check) bool {
	return slices.ContainsFunc(r.Exempt, func(e Exemption) bool { return e.Check == c })
}

// All returns the corpus, sorted by name. It fails if a file is not as README.md has it.
func All() ([]*Recording, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := make([]*Recording, 0, len(entries))
	for _, entry := range entries {
		text, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		r, err := Parse(strings.TrimSuffix(entry.Name(), ".txtar"), text)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Recording) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Parse reads the text of a recording.
func Parse(name string, text []byte) (*Recording, error) {
	r := &Recording{Name: name, Given: Given{User: "admin"}}
	archive := txtar.Parse(text)
	if err := r.parseHeader(string(archive.Comment)); err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	if err := r.parseSections(archive.Files); err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	return r, nil
}

func (r *Recording) parseHeader(text string) error {
	summary, lines, _ := strings.Cut(text, "\n\n")
	r.Summary = strings.TrimSpace(summary)
	for line := range strings.Lines(lines) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if err := r.set(key, value); err != nil {
			return err
		}
	}
	switch {
	case r.Summary == "" || r.Operation == "" || r.Source == "":
		return errors.New("it needs a summary, and operation: and source: lines")
	case !slices.Contains([]Origin{Documented, Live, Emulator, Seen, Invented}, r.Origin):
		return fmt.Errorf("origin: %q is none of documented, live, emulator, seen, invented", r.Origin)
	}
	return nil
}

func (r *Recording) set(key, value string) error {
	switch key {
	case "operation":
		r.Operation = value
	case "origin":
		r.Origin = Origin(value)
	case "source":
		r.Source = value
	case "given":
		return r.Given.set(value)
	case "exempt":
		check, reason, _ := strings.Cut(value, ", ")
		e := Exemption{Check(check), reason}
		if reason == "" || !slices.Contains([]Check{CheckRequest, CheckResponse, CheckEmulator, CheckHandler}, e.Check) {
			return fmt.Errorf("exempt: %q is not of the form \"check, reason\"", value)
		}
		r.Exempt = append(r.Exempt, e)
	default:
		return fmt.Errorf("the header line %q is none of operation, origin, source, given, exempt", key)
	}
	return nil
}

var (
	users  = []string{"admin", "member"}
	limits = []string{"burst", "daily"}
	apps   = []string{"suspended", "forbidden", "limited"}
	faults = []string{"proxy", "broken", "newer", "withdrawn", "unexplained"}
)

func (g *Given) set(text string) error {
	key, value, _ := strings.Cut(text, "=")
	switch {
	case key == "after" && value != "":
		g.After = append(g.After, value)
	case key == "user" && slices.Contains(users, value):
		g.User = value
	case key == "limit" && slices.Contains(limits, value):
		g.Limit = value
	case key == "app" && slices.Contains(apps, value):
		g.App = value
	case key == "fault" && slices.Contains(faults, value):
		g.Fault = value
	default:
		return fmt.Errorf("given: %q is none that README.md lists", text)
	}
	return nil
}

func (r *Recording) parseSections(sections []txtar.File) (err error) {
	seen := []string{}
	for _, section := range sections {
		data := strings.TrimSuffix(string(section.Data), "\n")
		switch section.Name {
		case "call":
			r.Call = data
		case "request":
			err = r.Request.parse(data)
		case "response":
			err = r.Response.parse(data)
		case "result":
			r.Result = data
		}
		if err != nil {
			return fmt.Errorf("section %s: %w", section.Name, err)
		}
		seen = append(seen, section.Name)
	}
	want := []string{"call", "request", "response", "result"}
	if r.Call == "" {
		want = want[1:]
	}
	if !slices.Equal(seen, want) {
		return fmt.Errorf("its sections are %v, and should be %v", seen, want)
	}
	return nil
}
