// The documents of this folder, judged: they load, they are valid OpenAPI, their examples match
// their schemas, and a reader finds everything described. TestRulesFindFaults judges the judge.
package spec_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/spec"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documents := slices.DeleteFunc(files, func(file string) bool {
		return strings.HasSuffix(file, ".cfg.yaml") // a setting of the generator
	})
	if !slices.Contains(documents, "channels.yaml") {
		t.Fatalf("channels.yaml is not among the documents %q", documents)
	}
	for _, document := range documents {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			doc := load(t, text)
			for _, fault := range slices.Concat(validity(t, doc), reading(doc)) {
				t.Errorf("%s: %s", document, fault)
			}
		})
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	doc := load(t, spec.Channels)
	for _, fault := range slices.Concat(contract(doc, "api_key", "oauth2"), costs(doc)) {
		t.Errorf("channels.yaml: %s", fault)
	}
}

func TestProvider(t *testing.T) {
	t.Parallel()
	for _, fault := range contract(load(t, spec.Provider), "basic") {
		t.Errorf("provider.yaml: %s", fault)
	}
}

// Each case breaks channels.yaml in one way; the rules have to say so, and to say where.
func TestRulesFindFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, text, want string }{
		{"invalid document", "  title: Pipedrive Channels API\n", "", invalid},
		{"example of a property", "example: 600.5", "example: big", invalid},
		{"example of a schema", "          status: sent\n", "", invalid},
		{"example of an answer", "                error: name is missing\n", "", invalid},
		{"named example", "              example:\n                success: false\n                error: Channels are",
			"              examples:\n                bad:\n                  value: {}\n              x-was:\n                success: false\n                error: Channels are", invalid},
		{"time in an example", "example: '2026-03-01 07:58'", "example: tomorrow", invalid},
		{"operationId", "      operationId: deleteChannel\n", "", "DELETE /channels/{id}: no operationId"},
		{"summary", "      summary: Deliver a message\n", "", "POST /channels/messages/receive: no summary"},
		{"parameter", "          description: The provider's id of the conversation.\n          schema", "          schema", "parameter conversation-id: no description"},
		{"schema", "      description: A registered channel.\n", "", "schema Channel: no description"},
		{"property", "          description: The channel's name, as registered.\n", "", "schema Channel.name: no description"},
		{"property in a list", "          description: The mime type.\n", "", "schema Attachment.type: no description"},
		{"property of an inline schema", "                $ref: '#/components/schemas/DeleteResponse'\n        '400'",
			"                type: object\n                description: x\n                properties: {success: {type: boolean}}\n        '400'", "200 application/json.success: no description"},
		{"token cost", "      x-token-cost: 6\n", "", "DELETE /channels/{id}: x-token-cost"},
		{"token cost below one", "      x-token-cost: 6\n", "      x-token-cost: 0\n", "DELETE /channels/{id}: x-token-cost"},
		{"default answer", "        default:\n          $ref: '#/components/responses/OtherError'\n", "", "POST /channels: no default response"},
		{"security", "  - api_key: []\n", "", "not open to [api_key oauth2] alike"},
		{"security of one operation", "      x-token-cost: 6\n", "      x-token-cost: 6\n      security: [api_key: []]\n", "DELETE /channels/{id}: not open to [api_key oauth2] alike"},
		{"answer without example", "      example:\n        success: true\n    Error:", "    Error:", "DELETE /channels/{id}: answer 200: no example"},
		{"code not named", "; code `ADMIN_ONLY`", "", "answer 403: description does not name the code ADMIN_ONLY"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := string(spec.Channels)
			if !strings.Contains(text, test.old) {
				t.Fatalf("channels.yaml no longer has what this test breaks: %q", test.old)
			}
			broken := load(t, []byte(strings.Replace(text, test.old, test.text, 1)))
			got := slices.Concat(reading(broken), contract(broken, "api_key", "oauth2"), costs(broken))
			if test.want == invalid { // asked only then, because it takes its time
				got = validity(t, broken)
			}
			if !slices.ContainsFunc(got, func(fault string) bool { return strings.Contains(fault, test.want) }) {
				t.Errorf("faults found: %q, want one with %q", got, test.want)
			}
		})
	}
}

func load(t *testing.T, text []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatalf("reading the document: %v", err)
	}
	return doc
}

const invalid = "is not valid OpenAPI"

// validity is whether the document is OpenAPI, its examples, defaults and patterns included.
func validity(t *testing.T, doc *openapi3.T) []string {
	t.Helper()
	if err := doc.Validate(t.Context()); err != nil {
		return []string{invalid + ": " + err.Error()}
	}
	return nil
}

// reading says what a reader of the document would miss.
func reading(doc *openapi3.T) []string {
	var found []string
	for name, operation := range operations(doc) {
		for what, value := range map[string]string{
			"operationId": operation.OperationID, "summary": operation.Summary, "description": operation.Description,
		} {
			if value == "" {
				found = append(found, name+": no "+what)
			}
		}
		for _, parameter := range operation.Parameters {
			if parameter.Value.Description == "" {
				found = append(found, name+": parameter "+parameter.Value.Name+": no description")
			}
		}
		if body := operation.RequestBody; body != nil {
			found = append(found, contentFaults(name+": request", body.Value.Content)...)
		}
		for status, response := range operation.Responses.Map() {
			found = append(found, contentFaults(name+": answer "+status, response.Value.Content)...)
		}
	}
	for name, schema := range doc.Components.Schemas {
		found = append(found, schemaFaults("schema "+name, schema)...)
	}
	return found
}

// contract says what the parts of the project that read a document would miss: the emulator,
// the coverage of the recordings, a mock.
func contract(doc *openapi3.T, want ...string) []string {
	var found []string
	for name, operation := range operations(doc) {
		if operation.Responses.Default() == nil {
			found = append(found, name+": no default response")
		}
		security := operation.Security
		if security == nil {
			security = &doc.Security
		}
		var schemes []string
		for _, alternative := range *security {
			schemes = slices.AppendSeq(schemes, maps.Keys(alternative))
		}
		if slices.Sort(schemes); !slices.Equal(schemes, want) {
			found = append(found, fmt.Sprintf("%s: not open to %v alike", name, want))
		}
		for status, response := range operation.Responses.Map() {
			found = append(found, answerFaults(name+": answer "+status, status, response.Value)...)
		}
	}
	return found
}

// costs names the operations that do not tell what they cost.
func costs(doc *openapi3.T) (found []string) {
	for name, operation := range operations(doc) {
		if cost, _ := operation.Extensions["x-token-cost"].(float64); cost < 1 {
			found = append(found, name+": x-token-cost is not a number of tokens")
		}
	}
	return found
}

// answerFaults wants an example of each JSON answer (a mock answers with it), and the code of
// each documented error named to the reader.
func answerFaults(where, status string, response *openapi3.Response) (found []string) {
	media := response.Content["application/json"]
	if media == nil {
		return []string{where + ": no application/json"}
	}
	examples := []any{cmp.Or(media.Example, media.Schema.Value.Example)}
	if len(media.Examples) > 0 {
		examples = nil
		for _, example := range media.Examples {
			examples = append(examples, example.Value.Value)
		}
	}
	for _, example := range examples {
		if example == nil {
			return []string{where + ": no example"}
		}
		if number, err := strconv.Atoi(status); err != nil || number < 400 {
			continue
		}
		object, _ := example.(map[string]any)
		detail, _ := cmp.Or(object["additional_data"], object["data"]).(map[string]any)
		code, _ := detail["code"].(string)
		if code == "" || !strings.Contains(*response.Description, "`"+code+"`") {
			found = append(found, where+": description does not name the code "+code+" of its example")
		}
	}
	return found
}

// operations maps "POST /channels" and its like to the document's operations.
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	found := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			found[method+" "+path] = operation
		}
	}
	return found
}

func contentFaults(where string, content openapi3.Content) []string {
	var found []string
	for mediaType, media := range content {
		if media.Schema != nil && media.Schema.Ref == "" {
			found = append(found, childFaults(where+" "+mediaType, media.Schema)...)
		}
	}
	return found
}

// schemaFaults names the schema and the properties below it that have no description.
func schemaFaults(where string, schema *openapi3.SchemaRef) []string {
	found := childFaults(where, schema)
	if schema.Value.Description == "" {
		found = append(found, where+": no description")
	}
	return found
}

// childFaults leaves the schema itself out: a list's items and a body's schema speak through
// what contains them. A $ref is judged where it points.
func childFaults(where string, schema *openapi3.SchemaRef) []string {
	var found []string
	for name, property := range schema.Value.Properties {
		if property.Ref == "" {
			found = append(found, schemaFaults(where+"."+name, property)...)
		}
	}
	if items := schema.Value.Items; items != nil && items.Ref == "" {
		found = append(found, childFaults(where+"[]", items)...)
	}
	for _, parts := range []openapi3.SchemaRefs{schema.Value.AllOf, schema.Value.AnyOf, schema.Value.OneOf} {
		for i, part := range parts {
			if part.Ref == "" {
				found = append(found, childFaults(where+"/"+strconv.Itoa(i), part)...)
			}
		}
	}
	return found
}
