// What the API's OpenAPI document says of each operation: nothing here repeats it.

package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/spec"
)

// operation is what the document says of one operation.
type operation struct {
	id      string           // operationId
	cost    int              // x-token-cost
	body    *openapi3.Schema // of the request body; nil if it takes none
	invalid string           // the code of its 400, by the example given there
}

// documented reads the operations from the document, each under its operationKey.
var documented = sync.OnceValues(func() (map[string]operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Channels)
	if err != nil {
		return nil, err
	}
	operations := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op, err := readOperation(o)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			operations[operationKey(method+" "+path)] = op
		}
	}
	return operations, nil
})

// operationKey makes the paths of the document and the patterns of the generated server
// comparable: they spell path parameters differently, and only the latter have a prefix.
func operationKey(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	for _, prefix := range apiPrefixes {
		path = strings.TrimPrefix(path, prefix)
	}
	return method + " " + pathParameter.ReplaceAllString(path, "{}")
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

func readOperation(o *openapi3.Operation) (operation, error) {
	op := operation{id: o.OperationID, invalid: codeInvalidBody}
	cost, ok := o.Extensions["x-token-cost"].(float64)
	if !ok || cost < 0 {
		return op, errors.New("x-token-cost must say what a call costs")
	}
	op.cost = int(cost)
	if o.RequestBody != nil {
		media := o.RequestBody.Value.Content.Get("application/json")
		if media == nil {
			return op, errors.New("the request body must be application/json")
		}
		op.body = media.Schema.Value
	}
	if response := o.Responses.Status(http.StatusBadRequest); response != nil {
		example, _ := response.Value.Content.Get("application/json").Example.(map[string]any)
		detail, _ := example["additional_data"].(map[string]any)
		code, _ := detail["code"].(string)
		if code == "" {
			return op, errors.New("the 400 must have an example with a code")
		}
		op.invalid = code
	}
	return op, nil
}
