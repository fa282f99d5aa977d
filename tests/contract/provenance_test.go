// spec/PROVENANCE.md says of every statement in the documents what it rests on: no row is
// missing, and none is left over.
package contract

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// sections reads the tables of PROVENANCE.md that are about a document, under the heading that
// bears its name: by heading and first cell, the other cells.
func sections(t *testing.T, name string) map[string]map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "spec", "PROVENANCE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, found := strings.Cut(string(text), "\n# "+name+"\n")
	if !found {
		t.Fatalf("PROVENANCE.md has no part with the heading %s", name)
	}
	part, _, _ = strings.Cut(part, "\n# ")
	all := map[string]map[string][]string{}
	var heading string
	for line := range strings.Lines(part) {
		line = strings.TrimSpace(line)
		if name := strings.TrimLeft(line, "#"); name != line {
			heading = strings.TrimSpace(name)
			all[heading] = map[string][]string{}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		key, isRow := strings.CutPrefix(strings.TrimSpace(cells[0]), "`")
		if !isRow || !strings.HasPrefix(line, "|") {
			continue
		}
		if all[heading][strings.TrimSuffix(key, "`")] != nil {
			t.Errorf("%s: two rows for %s", heading, key)
		}
		all[heading][strings.TrimSuffix(key, "`")] = cells[1:]
	}
	return all
}

func TestProvenanceIsWhole(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]*openapi3.T{"channels.yaml": document(t), "provider.yaml": providerDocument(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			isWhole(t, sections(t, name), statements(doc))
		})
	}
}

func isWhole(t *testing.T, all map[string]map[string][]string, document map[string]map[string]string) {
	t.Helper()
	mark := regexp.MustCompile(`\[(ref|seed|guide|omni|oauth|limits|log|seen)\]|ours`)
	for heading, want := range document {
		rows := all[heading]
		for key, says := range want {
			cells := rows[key]
			switch {
			case len(cells) != 3:
				t.Errorf("%s: there is no row of four cells for `%s`", heading, key)
			case !mark.MatchString(cells[1]):
				t.Errorf("%s: the row for `%s` names no source", heading, key)
			case says != "" && !strings.Contains(cells[0], says):
				t.Errorf("%s: the row for `%s` does not say %q", heading, key, says)
			case says != nullable && strings.Contains(cells[0], nullable):
				t.Errorf("%s: the row for `%s` says nullable, the document does not", heading, key)
			}
		}
		for key := range rows {
			if _, ok := want[key]; !ok && heading != "The document at large" {
				t.Errorf("%s: the document has no `%s`", heading, key)
			}
		}
		delete(all, heading)
	}
	for heading, rows := range all {
		if len(rows) > 0 {
			t.Errorf("the document has no %s", heading)
		}
	}
}

const nullable = "nullable"

// statements is what has to have a row: by heading, the first cell, and what the second has to say.
func statements(doc *openapi3.T) map[string]map[string]string {
	large := map[string]string{}
	for _, server := range doc.Servers {
		large[server.URL] = ""
	}
	for name, scheme := range doc.Components.SecuritySchemes {
		large[name] = ""
		if flows := scheme.Value.Flows; flows != nil {
			for scope := range flows.AuthorizationCode.Scopes {
				large[scope] = ""
			}
		}
	}
	all := map[string]map[string]string{"The document at large": large}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			rows := map[string]string{method + " " + path: ""}
			if cost, is := op.Extensions["x-token-cost"]; is {
				rows["x-token-cost"] = fmt.Sprint(cost)
			}
			for _, parameter := range op.Parameters {
				if parameter.Ref == "" { // else it has a section of its own
					rows[parameter.Value.Name] = ""
				}
			}
			if op.RequestBody != nil {
				rows["requestBody"] = ""
			}
			for status := range op.Responses.Map() {
				rows[status] = ""
			}
			all[op.OperationID] = rows
		}
	}
	for name, parameter := range doc.Components.Parameters {
		all[name+" (parameter)"] = map[string]string{parameter.Value.Name: ""}
	}
	for name, response := range doc.Components.Responses {
		rows := map[string]string{}
		for media := range response.Value.Content {
			rows[media] = ""
		}
		all[name+" (response)"] = rows
	}
	for name, schema := range doc.Components.Schemas {
		all[name] = schemaStatements(schema.Value)
	}
	return all
}

func schemaStatements(schema *openapi3.Schema) map[string]string {
	rows := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		rows[name] = ""
		if schema.Properties[name].Value.Nullable {
			rows[name] = nullable
		}
	}
	for _, value := range schema.Enum {
		rows[fmt.Sprint(value)] = ""
	}
	if len(schema.Required) > 0 {
		rows["required"] = "`" + strings.Join(schema.Required, "`, `") + "`"
	}
	if schema.Pattern != "" {
		rows["pattern"] = ""
	}
	if schema.Items != nil {
		rows["items"] = ""
	}
	return rows
}
