// The document of the provider endpoints, as calls and judgements need it.

package providercall

import (
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/spec"
)

type operation struct {
	method, path string // the path with its variables, `{name}`
	of           *openapi3.Operation
}

// documented reads the operations from the document, each under its operationId.
var documented = sync.OnceValues(func() (map[string]operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Provider)
	if err != nil {
		return nil, fmt.Errorf("reading the document of the provider endpoints: %w", err)
	}
	operations := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			operations[o.OperationID] = operation{method, path, o}
		}
	}
	return operations, nil
})
