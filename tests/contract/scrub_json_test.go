// What stays of a JSON body in a recording.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// json scrubs a JSON body: what the document names stays, but for identities; of all else
// the shape. What is no JSON goes, but for its length.
func (s *scrubber) json(schema *openapi3.Schema, operation string, body []byte) string {
	if len(body) == 0 {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return fmt.Sprintf("%d bytes that are no JSON", len(body))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(s.value(schema, operation, value)) // it was JSON, so it can be
	return s.text(strings.TrimSpace(b.String()))
}

func (s *scrubber) value(schema *openapi3.Schema, operation string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = s.property(schema, operation, key, value[key])
		}
	case []any:
		for i := range value {
			if schema == nil || schema.Items == nil {
				value[i] = mask(value[i])
			} else {
				value[i] = s.value(schema.Items.Value, operation, value[i])
			}
		}
	}
	return value
}

func (s *scrubber) property(schema *openapi3.Schema, operation, key string, value any) any {
	if schema == nil { // of a token endpoint
		if slices.Contains(tokenFields, key) {
			return value
		}
		return mask(value)
	}
	known := schema.Properties[key]
	ofChannel := operation == "addChannel" && key == "id"
	if known == nil || ofChannel || slices.Contains(identities, key) {
		return mask(value)
	}
	return s.value(known.Value, operation, value)
}

// mask keeps the shape of a value: letters become x, digits 0.
func mask(value any) any {
	switch value := value.(type) {
	case string:
		return strings.Map(func(r rune) rune {
			switch {
			case unicode.IsDigit(r):
				return '0'
			case unicode.IsLetter(r):
				return 'x'
			default:
				return r
			}
		}, value)
	case json.Number:
		return 0
	case map[string]any:
		for key := range value {
			value[key] = mask(value[key])
		}
	case []any:
		for i := range value {
			value[i] = mask(value[i])
		}
	}
	return value
}
