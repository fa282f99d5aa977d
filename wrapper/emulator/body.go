// The bytes of a body: JSON without ambiguity, as the document has it, and for Strict as
// every published source has it.

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// timeFormat is what the document calls the format of a time in a request.
const timeFormat = "pipedrive-minute"

// maxDepth bounds the nesting of a body; the document needs three levels.
const maxDepth = 32

// decode reads exactly one JSON value.
//
// Our choice: what JSON leaves open is refused: bytes that are no UTF-8, half a surrogate
// pair, a key that comes twice, more after the value, nesting beyond 32 levels.
func decode(raw []byte) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errors.New("the body is empty")
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("the body is not UTF-8")
	}
	if loneSurrogate.Match(wholeEscapes.ReplaceAll(raw, nil)) {
		return nil, errors.New("the body has half of a surrogate pair, which stands for no character")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	value, err := decodeValue(d, 0)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("the body is not JSON that can be relied on: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body goes on after its JSON value")
	}
	return value, nil
}

// The decoder would replace half a pair in silence, and two ids could become the same. A
// backslash that is itself escaped begins no escape.
var (
	wholeEscapes  = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
	loneSurrogate = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

func decodeValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d levels", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, _ := token.(string) // the decoder takes nothing else for a key
			if _, twice := object[key]; twice {
				return nil, fmt.Errorf("the key %q comes twice", key)
			}
			if object[key], err = decodeValue(d, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			item, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// violation says where a value is not as the schema has it; empty if it is.
func violation(schema *openapi3.Schema, value any) string {
	err := schema.VisitJSON(value, openapi3.VisitAsRequest(),
		openapi3.WithStringFormatValidator(timeFormat, openapi3.NewCallbackValidator(checkRequestTime)))
	if err == nil {
		return ""
	}
	var found *openapi3.SchemaError
	if !errors.As(err, &found) {
		return err.Error()
	}
	reason := found.Reason
	switch {
	case found.SchemaField == "required":
		reason = "missing"
	case found.Schema.Format == timeFormat && (found.SchemaField == "pattern" || found.SchemaField == "format"):
		reason = "not a time: want UTC minutes, YYYY-MM-DD HH:MM, or RFC 3339"
	}
	if where := strings.Join(found.JSONPointer(), "."); where != "" {
		return where + ": " + reason
	}
	return reason
}

// contested says what in a body some published source refuses although another
// allows it; empty if there is nothing.
//
// Our choice: all three provider types and link_expires pass as Strict, although one page
// lists only other, and the text of the validator has no link_expires. What is typed as a URI or
// called a mime type is any text, but not if Strict.
func contested(op operation, value any) string {
	if key := unknownKey(op.body, value, ""); key != "" {
		// Our choice: a property that no source knows is ignored, and refused if Strict.
		return key + " is a property that no published source knows"
	}
	body, _ := value.(map[string]any)
	for _, key := range []string{"avatar_url", "conversation_link"} {
		if text, ok := body[key].(string); ok && !isURL(text) {
			return key + " is no URL"
		}
	}
	if op.id != "receiveMessage" {
		return ""
	}
	for _, key := range []string{"created_at", "reply_by"} {
		if s, ok := body[key].(string); ok && !isMinute(s) {
			return key + " is not in UTC minutes, YYYY-MM-DD HH:MM"
		}
	}
	attachments, ok := body["attachments"].([]any)
	if !ok {
		return "attachments is missing; send an empty list if there are none"
	}
	for i, item := range attachments {
		attachment, _ := item.(map[string]any)
		for _, key := range []string{"url", "preview_url"} {
			if text, ok := attachment[key].(string); ok && !isURL(text) {
				return fmt.Sprintf("attachments.%d.%s is no URL", i, key)
			}
		}
		if kind, _ := attachment["type"].(string); !isMimeType(kind) {
			return fmt.Sprintf("attachments.%d.type is no mime type, such as image/png", i)
		}
		for _, key := range []string{"name", "size", "preview_url"} {
			if _, present := attachment[key]; !present {
				return fmt.Sprintf("attachments.%d.%s is missing; send null if it is not known", i, key)
			}
		}
	}
	return ""
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "")
}

func isMimeType(text string) bool {
	kind, _, err := mime.ParseMediaType(text)
	main, sub, whole := strings.Cut(kind, "/")
	return err == nil && whole && main != "" && sub != ""
}

// unknownKey finds a property that the schema does not have.
func unknownKey(schema *openapi3.Schema, value any, at string) string {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			property := schema.Properties[key]
			if property == nil {
				return at + key
			}
			if found := unknownKey(property.Value, value[key], at+key+"."); found != "" {
				return found
			}
		}
	case []any:
		for i, item := range value {
			if found := unknownKey(schema.Items.Value, item, fmt.Sprintf("%s%d.", at, i)); found != "" {
				return found
			}
		}
	}
	return ""
}
