// What an answer may look like: the document's schemas, and the rules that it has in words.

package providercall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/gen/providerclient"
)

// Violation is one way in which an answer is not as the document has it.
type Violation struct {
	Rule   string // for programs, such as "missing" or "source_user"
	Where  string // of the value, such as data.0.status; empty for the answer as a whole
	Reason string // for people
}

// String says what is wrong, and where.
func (v Violation) String() string { return strings.TrimPrefix(v.Where+": "+v.Reason, ": ") }

// maxViolations bounds what is found in one answer: who reads the first hundred need not read the rest.
const maxViolations = 100

// Judge compares the answer with the document, whatever its status. It stops after 100 violations,
// and when ctx ends.
func (a Answer) Judge(ctx context.Context) []Violation {
	operations, err := documented()
	if err != nil {
		return []Violation{{Rule: "document", Reason: err.Error()}}
	}
	ok := a.ok()
	status := a.StatusCode
	if ok {
		status = 200
	}
	responses := operations[a.Endpoint].of.Responses
	response := responses.Status(status)
	if response == nil {
		response = responses.Default()
	}
	text := bytes.TrimSpace(a.Body)
	if !json.Valid(text) {
		kind := a.ContentType
		if kind == "" {
			kind = "no content type"
		}
		return []Violation{{Rule: "not-json", Reason: "the answer is not JSON (" + Shorten(kind) + ")"}}
	}
	success, said, inData := "", false, false
	if text[0] == '{' {
		for name, value := range members(text) {
			switch string(name) {
			case "success":
				success, said = Shorten(string(value)), true
			case "data":
				inData = value[0] == '{'
			}
		}
	}
	switch {
	case ok && success == "false":
		return []Violation{{"success", "success", fmt.Sprintf("it is false beside status %d", a.StatusCode)}}
	case ok && (said || inData) && a.Endpoint == GetMessageByID:
		return []Violation{{Rule: "enveloped", Reason: "the message comes in an envelope, and is documented bare"}}
	}
	j := judgement{ctx: ctx}
	j.value(response.Value.Content.Get("application/json").Schema.Value, text)
	if success == "true" && !ok {
		j.at = []string{"success"}
		j.add("success", fmt.Sprintf("it is true beside status %d", a.StatusCode))
	}
	return j.found
}

// judgement is a walk over an answer, beside the schema of it.
type judgement struct {
	ctx   context.Context //nolint:containedctx // a judgement lasts no longer than the call that it is of
	at    []string
	found []Violation
}

func (j *judgement) over() bool { return len(j.found) >= maxViolations || j.ctx.Err() != nil }

func (j *judgement) add(rule, reason string) {
	if !j.over() {
		j.found = append(j.found, Violation{rule, strings.Join(j.at, "."), reason})
	}
}

// below does something with what a value contains.
func (j *judgement) below(name string, do func()) {
	j.at = append(j.at, name)
	do()
	j.at = j.at[:len(j.at)-1]
}

func (j *judgement) value(schema *openapi3.Schema, text []byte) {
	switch {
	case j.over():
	case text[0] == '{' && schema.Type.Is("object"):
		j.object(schema, text)
	case text[0] == '[' && schema.Type.Is("array"):
		j.list(schema, text)
	default:
		j.scalar(schema, text)
	}
}

func (j *judgement) object(schema *openapi3.Schema, text []byte) {
	has := map[string][]byte{}
	for name, value := range members(text) {
		if j.ctx.Err() != nil {
			return
		}
		if schema.Properties[string(name)] != nil {
			has[string(name)] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		switch value, there := has[name]; {
		case there:
			j.below(name, func() { j.value(schema.Properties[name].Value, value) })
		case slices.Contains(schema.Required, name):
			j.below(name, func() { j.add("missing", "it is missing") })
		}
	}
	if people, ok := has["participants"]; ok && people[0] == '[' {
		j.below("participants", func() { j.participants(people) })
	}
}

func (j *judgement) list(schema *openapi3.Schema, text []byte) {
	n := uint64(0)
	for _, item := range members(text) {
		if j.over() {
			return
		}
		j.below(strconv.FormatUint(n, 10), func() { j.value(schema.Items.Value, item) })
		n++
	}
	if n < schema.MinItems {
		j.add("minItems", fmt.Sprintf("minimum number of items is %d", schema.MinItems))
	}
}

// scalar judges a text, a number, a boolean or null, and what is of the wrong type.
func (j *judgement) scalar(schema *openapi3.Schema, text []byte) {
	var value any
	switch text[0] {
	case '{':
		value = map[string]any{}
	case '[':
		value = []any{}
	default:
		if json.Unmarshal(text, &value) != nil {
			j.add("type", "the number is out of range")
			return
		}
	}
	err := schema.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.MultiErrors(),
		openapi3.WithStringFormatValidator("pipedrive-time", openapi3.NewCallbackValidator(func(s string) error {
			_, err := ParseTime(s)
			return err
		})))
	var e *openapi3.SchemaError
	switch {
	case err == nil:
	case !errors.As(err, &e):
		j.add("schema", Shorten(err.Error()))
	case value == nil:
		j.add("null", "it is null")
	case e.SchemaField == "enum":
		j.add("enum", fmt.Sprintf("%s is none of the documented values %v", spelled(value, text), schema.Enum))
	case schema.Format == "pipedrive-time":
		j.add("time", spelled(value, text)+" is no time: want RFC 3339, or UTC minutes YYYY-MM-DD HH:MM")
	default:
		j.add(e.SchemaField, Shorten(e.Reason))
	}
}

func spelled(value any, text []byte) string {
	if s, ok := value.(string); ok {
		return strconv.Quote(Shorten(s))
	}
	return Shorten(string(text))
}

// participants applies the rules on who takes part in a conversation. That groups do not work,
// the guide says among its troubles.
func (j *judgement) participants(list []byte) {
	count, people := map[providerclient.ParticipantRole]int{}, map[string]bool{}
	twice := ""
	for _, item := range members(list) {
		if j.over() {
			return
		}
		var p providerclient.Participant
		_ = json.Unmarshal(item, &p) // what does not fit, the schema has told
		if count[p.Role]++; people[p.ID] && p.ID != "" {
			twice = p.ID
		}
		people[p.ID] = true
	}
	if sources := count[providerclient.SourceUser]; sources != 1 {
		j.add("source_user", fmt.Sprintf("it has %d of role source_user, want exactly one", sources))
	}
	if count[providerclient.EndUser] == 0 {
		j.add("end_user", "it has nobody of role end_user")
	}
	switch {
	case twice != "":
		j.add("participants", fmt.Sprintf("the participant %q comes twice", Shorten(twice)))
	case len(people) > 2:
		j.add("participants", fmt.Sprintf("%d people take part, and a conversation is between two", len(people)))
	}
}

// Shorten cuts a text that an app sent to a length that a sentence can carry.
func Shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// ParseTime reads both published spellings of a time.
func ParseTime(s string) (time.Time, error) {
	const minutes = "2006-01-02 15:04"
	layout := time.RFC3339
	if len(s) == len(minutes) {
		layout = minutes
	}
	return time.Parse(layout, s)
}
