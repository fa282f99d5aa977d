// What has to be recorded, computed from the documents; and the proof that a document
// which says something else would be noticed.
package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/tests/recordings"
)

// uncovered names every documented status, as "operation status", of which no recording
// counts as evidence.
func uncovered(doc *openapi3.T, corpus []*recordings.Recording) []string {
	missing := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				if status != "default" {
					missing[op.OperationID+" "+status] = true
				}
			}
		}
	}
	for _, r := range corpus {
		if r.Origin.Counts() {
			delete(missing, fmt.Sprint(r.Operation, " ", r.Response.Status))
		}
	}
	return slices.Sorted(maps.Keys(missing))
}

func TestEveryDocumentedStatusIsRecorded(t *testing.T) {
	t.Parallel()
	for _, s := range sides {
		if missing := uncovered(s.document(t), s.corpus(t)); len(missing) > 0 {
			t.Errorf("%s: no recording of origin documented or live shows %s", s.name, strings.Join(missing, ", "))
		}
	}
}

func TestOnlyDocumentedAndLiveRecordingsCount(t *testing.T) {
	t.Parallel()
	for origin, want := range map[recordings.Origin]int{
		recordings.Documented: 0, recordings.Live: 0, recordings.Emulator: 1, recordings.Seen: 1, recordings.Invented: 1,
	} {
		var relabelled []*recordings.Recording
		for _, r := range corpus(t) {
			if r.Operation == "deleteChannel" && r.Response.Status == 400 {
				other := *r
				other.Origin = origin
				r = &other
			}
			relabelled = append(relabelled, r)
		}
		if missing := uncovered(document(t), relabelled); len(missing) != want {
			t.Errorf("with the 400 of deleteChannel of origin %s, %v are uncovered, want %d", origin, missing, want)
		}
	}
}

// noticed tells whether check 1 fails for any recording.
func noticed(doc *openapi3.T, corpus []*recordings.Recording) bool {
	return slices.ContainsFunc(corpus, func(r *recordings.Recording) bool {
		return !r.ExemptFrom(recordings.CheckRequest) && validRequest(doc, r) != nil ||
			!r.ExemptFrom(recordings.CheckResponse) && validResponse(doc, r) != nil
	})
}

// Renaming or dropping anything in the document, one thing at a time, breaks check 1: the
// recordings show every path, property and value that the document has.
func TestEveryChangeOfTheDocumentIsNoticed(t *testing.T) {
	t.Parallel()
	for _, s := range sides {
		if noticed(s.document(t), s.corpus(t)) {
			t.Fatalf("check 1 fails for %s as it is", s.name)
		}
		for _, c := range changes(s.document(t)) {
			t.Run(s.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				doc := s.document(t)
				c.apply(doc)
				if !noticed(doc, s.corpus(t)) {
					t.Errorf("no recording would notice that %s has changed", c.name)
				}
			})
		}
	}
}

// change is one way in which a document can differ from ours.
type change struct {
	name  string
	apply func(doc *openapi3.T)
}

func changes(doc *openapi3.T) (all []change) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		all = append(all, change{"path " + path, func(doc *openapi3.T) {
			item := doc.Paths.Value(path)
			doc.Paths.Delete(path)
			doc.Paths.Set(path+"/renamed", item)
		}})
		for method := range doc.Paths.Value(path).Operations() {
			all = append(all, change{"operation " + method + " " + path, func(doc *openapi3.T) {
				doc.Paths.Value(path).GetOperation(method).OperationID += "Renamed"
			}})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		schema := doc.Components.Schemas[name].Value
		for _, property := range slices.Sorted(maps.Keys(schema.Properties)) {
			all = append(all, change{"property " + name + "." + property, func(doc *openapi3.T) {
				rename(doc.Components.Schemas[name].Value, property)
			}})
		}
		for i, value := range schema.Enum {
			all = append(all, change{fmt.Sprintf("value %s.%v", name, value), func(doc *openapi3.T) {
				schema := doc.Components.Schemas[name].Value
				schema.Enum = slices.Delete(schema.Enum, i, i+1)
			}})
		}
	}
	return all
}

func rename(schema *openapi3.Schema, property string) {
	schema.Properties[property+"_renamed"] = schema.Properties[property]
	delete(schema.Properties, property)
	if i := slices.Index(schema.Required, property); i >= 0 {
		schema.Required[i] = property + "_renamed"
	}
}
