package main

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// documented reads the operations of an OpenAPI document.
func documented(text []byte) (map[string]operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("the document: %w", err)
	}
	operations := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op := operation{route: method + " " + path, deprecated: o.Deprecated}
			if o.RequestBody != nil {
				op.request = model{}
				op.request.addContent(o.RequestBody.Value.Content)
			}
			if ok := o.Responses.Status(200); ok != nil {
				op.response = model{}
				op.response.addContent(ok.Value.Content)
			}
			operations[o.OperationID] = op
		}
	}
	return operations, nil
}

func (m model) addContent(content openapi3.Content) {
	if media := content.Get("application/json"); media != nil && media.Schema != nil {
		m.addSchema("", media.Schema.Value)
	}
}

// addSchema adds the properties of an object, and theirs, below a path.
func (m model) addSchema(prefix string, s *openapi3.Schema) {
	for _, part := range s.AllOf {
		m.addSchema(prefix, part.Value)
	}
	for name, property := range s.Properties {
		path, value := prefix+name, property.Value
		f := field{kind: kindOf(value), required: slices.Contains(s.Required, name)}
		for _, v := range value.Enum {
			f.enum = append(f.enum, fmt.Sprint(v))
		}
		slices.Sort(f.enum)
		m[path] = f
		m.addSchema(path+".", value)
		if value.Items != nil {
			m.addSchema(path+"[].", value.Items.Value)
		}
	}
}

// kindOf is the type as the package would call it. A schema without one is looked up in its parts.
func kindOf(s *openapi3.Schema) string {
	for _, part := range s.AllOf {
		if s.Type == nil {
			return kindOf(part.Value)
		}
	}
	switch {
	case s.Type.Is("integer"):
		return "number"
	case s.Type == nil || len(*s.Type) == 0:
		return "object"
	default:
		return (*s.Type)[0]
	}
}
