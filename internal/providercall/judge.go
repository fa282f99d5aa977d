// What an answer may look like: the document's schemas, and the rules that it has in words.

package providercall

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/spec"
)

type operation struct {
	path string // with its variables, `{name}`
	of   *openapi3.Operation
}

// documented reads the operations from the document, each under its operationId.
var documented = sync.OnceValues(func() (map[string]operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Provider)
	if err != nil {
		return nil, fmt.Errorf("reading the document of the provider endpoints: %w", err)
	}
	operations := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			operations[o.OperationID] = operation{path, o}
		}
	}
	return operations, nil
})

// Violation is one way in which an answer is not as the document has it.
type Violation struct {
	Rule   string // for programs, such as "missing" or "source_user"
	Where  string // of the value, such as data.0.status; empty for the answer as a whole
	Reason string // for people
}

// String says what is wrong, and where.
func (v Violation) String() string { return strings.TrimPrefix(v.Where+": "+v.Reason, ": ") }

// Judge holds the answer against the document, whatever its status.
func (a Answer) Judge() []Violation {
	operations, err := documented()
	if err != nil {
		return []Violation{{Rule: "document", Reason: err.Error()}}
	}
	ok := a.Status >= 200 && a.Status < 300
	status := a.Status
	if ok {
		status = 200
	}
	responses := operations[a.Endpoint].of.Responses
	response := responses.Status(status)
	if response == nil {
		response = responses.Default()
	}
	var value any
	if json.Unmarshal(a.Body, &value) != nil {
		kind := a.ContentType
		if kind == "" {
			kind = "no content type"
		}
		return []Violation{{Rule: "not-json", Reason: "the answer is no JSON (" + kind + ")"}}
	}
	object, _ := value.(map[string]any)
	success, said := object["success"]
	_, inData := object["data"].(map[string]any)
	switch {
	case ok && success == false:
		return []Violation{{"success", "success", fmt.Sprintf("it is false beside status %d", a.Status)}}
	case ok && (said || inData) && a.Endpoint == GetMessageByID:
		return []Violation{{Rule: "enveloped", Reason: "the message comes in an envelope, and is documented bare"}}
	}
	found := flatten(response.Value.Content.Get("application/json").Schema.Value.VisitJSON(value,
		openapi3.VisitAsResponse(), openapi3.MultiErrors(),
		openapi3.WithStringFormatValidator("pipedrive-time", openapi3.NewCallbackValidator(func(s string) error {
			_, err := ParseTime(s)
			return err
		}))))
	if success == true && !ok {
		found = append(found, Violation{"success", "success", fmt.Sprintf("it is true beside status %d", a.Status)})
	}
	if ok {
		found = append(found, participants(a)...)
	}
	return found
}

// flatten makes violations of all that a schema found.
func flatten(err error) (found []Violation) {
	if many, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // errors.As would take the first of many
		for _, one := range many {
			found = append(found, flatten(one)...)
		}
		return found
	}
	var e *openapi3.SchemaError
	if !errors.As(err, &e) {
		if err == nil {
			return nil
		}
		return []Violation{{Rule: "schema", Reason: err.Error()}}
	}
	v := Violation{Rule: e.SchemaField, Where: strings.Join(e.JSONPointer(), "."), Reason: e.Reason}
	switch {
	case e.SchemaField == "required":
		v.Rule, v.Reason = "missing", "it is missing"
	case e.Value == nil:
		v.Rule, v.Reason = "null", "it is null"
	case e.SchemaField == "enum":
		v.Reason = fmt.Sprintf("%q is none of the documented values %v", fmt.Sprint(e.Value), e.Schema.Enum)
	case e.Schema != nil && e.Schema.Format == "pipedrive-time":
		v.Rule, v.Reason = "time", fmt.Sprintf("%q is no time: want RFC 3339, or UTC minutes YYYY-MM-DD HH:MM", fmt.Sprint(e.Value))
	}
	return []Violation{v}
}

// participants holds each conversation of an answer against the rules on who takes part.
func participants(a Answer) (found []Violation) {
	var conversations []providerclient.Conversation
	at := func(int) string { return "data" }
	switch a.Endpoint {
	case GetConversations:
		var page providerclient.ConversationsResponse
		_ = json.Unmarshal(a.Body, &page) // what does not fit, the schema has told
		conversations, at = page.Data, func(i int) string { return "data." + strconv.Itoa(i) }
	case GetConversationByID:
		var one providerclient.ConversationResponse
		_ = json.Unmarshal(a.Body, &one)
		conversations = append(conversations, one.Data)
	}
	for i, c := range conversations {
		count := map[providerclient.ParticipantRole]int{}
		for _, p := range c.Participants {
			count[p.Role]++
		}
		if n := count[providerclient.SourceUser]; n != 1 {
			found = append(found, Violation{"source_user", at(i) + ".participants", fmt.Sprintf("it has %d of role source_user, want exactly one", n)})
		}
		if count[providerclient.EndUser] == 0 {
			found = append(found, Violation{"end_user", at(i) + ".participants", "it has nobody of role end_user"})
		}
	}
	return found
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
