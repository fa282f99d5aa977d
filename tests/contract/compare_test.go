// How an answer is compared with a recorded one.
package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/tests/recordings"
)

// differences lists in what an answer is not the recorded one. Status, headers, code, keys, types and
// the spelling of times have to be the same, and every value that the request or the
// state decides. Free are whether an optional property is absent, null or at its default,
// the ids that the service gives, and texts for people.
func differences(doc *openapi3.T, r *recordings.Recording, got recordings.Response) []string {
	want := r.Response
	d := diff{refused: want.Status >= 400}
	if got.Status != want.Status {
		d.add("the status is %d, recorded is %d", got.Status, want.Status)
	}
	for _, name := range slices.Sorted(maps.Keys(want.Header)) {
		switch value := got.Header.Get(name); {
		case value == "":
			d.add("the header %s is missing", name)
		case value != want.Header.Get(name) && !freeHeaders[name]:
			d.add("the header %s is %q, recorded is %q", name, value, want.Header.Get(name))
		}
	}
	gotType, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	wantType, _, _ := mime.ParseMediaType(want.Header.Get("Content-Type"))
	if gotType != wantType {
		d.add("the content type is %s, recorded is %s", gotType, wantType)
	}
	route, _, err := find(doc, r)
	if err != nil {
		return append(d.found, err.Error())
	}
	var gotValue, wantValue any
	if json.Unmarshal([]byte(want.Body), &wantValue) != nil {
		d.bare(got.Body, want.Body)
		return d.found
	}
	if json.Unmarshal([]byte(got.Body), &gotValue) != nil {
		d.add("the body is not JSON")
		return d.found
	}
	schema := answerSchema(route.Operation, want.Status)
	if schema == nil {
		d.add("the document has no JSON for status %d", want.Status)
		return d.found
	}
	d.value(schema, "", gotValue, wantValue)
	return d.found
}

// freeHeaders are those whose value nothing in the exchange decides, or that are compared by what they mean.
var freeHeaders = map[string]bool{
	"Content-Type":     true, // below
	"Content-Length":   true, // of the body, which is compared
	"X-Correlation-Id": true,
}

// free are the properties whose value nothing in the exchange decides.
var free = map[string]bool{
	"data.marketplace_client_id": true, // of the app
	"data.pd_company_id":         true,
	"error":                      true, // for people, but see fixed
	"error_info":                 true,
}

// freeInErrors are so in answers that refuse.
var freeInErrors = map[string]bool{
	"data.message": true, // of an app, for people
}

// fixed is the one text that the published reference has, word by word.
const fixed = "Channel not found."

type diff struct {
	found   []string
	refused bool
}

func (d *diff) add(format string, args ...any) {
	d.found = append(d.found, fmt.Sprintf(format, args...))
}

func (d *diff) bare(got, want string) {
	if got != want {
		d.add("the body is %q, recorded is %q", got, want)
	}
}

func (d *diff) value(schema *openapi3.Schema, at string, got, want any) {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			d.object(schema, at, got, want)
			return
		}
	case []any:
		got, ok := got.([]any)
		if !ok {
			break
		}
		if len(got) != len(want) {
			d.add("%s has %d items, recorded are %d", at, len(got), len(want))
			return
		}
		for i := range want {
			d.value(schema.Items.Value, fmt.Sprintf("%s[%d]", at, i), got[i], want[i])
		}
		return
	default:
		if reflect.TypeOf(got) == reflect.TypeOf(want) && (got == want || d.isFree(at, got, want)) {
			return
		}
	}
	d.add("%s is %s, recorded is %s", at, quote(got), quote(want))
}

func (d *diff) object(schema *openapi3.Schema, at string, got, want map[string]any) {
	keys := map[string]any{}
	maps.Copy(keys, got)
	maps.Copy(keys, want)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		where := strings.TrimPrefix(at+"."+key, ".")
		gotValue, isThere := got[key]
		wantValue, isRecorded := want[key]
		property := schema.Properties[key]
		switch {
		case property != nil && !slices.Contains(schema.Required, key) &&
			nothing(property.Value, gotValue) && nothing(property.Value, wantValue):
		case !isThere:
			d.add("%s is missing", where)
		case property == nil || !isRecorded:
			d.add("%s is not recorded", where)
		default:
			d.value(property.Value, where, gotValue, wantValue)
		}
	}
}

// nothing tells whether an optional property says as much as if it were absent.
func nothing(schema *openapi3.Schema, value any) bool {
	return value == nil || value == schema.Default
}

// isFree tells whether two values of one type may differ.
func (d *diff) isFree(at string, got, want any) bool {
	if at == "data.id" { // that of a message is the app's own, and no UUID
		return uuid.MatchString(fmt.Sprint(got)) && uuid.MatchString(fmt.Sprint(want))
	}
	return free[at] && want != fixed || d.refused && freeInErrors[at]
}

// uuid takes x for a digit, which is what the recorder leaves of a letter.
var uuid = regexp.MustCompile(`^[0-9a-fx]{8}(-[0-9a-fx]{4}){3}-[0-9a-fx]{12}$`)

func quote(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
