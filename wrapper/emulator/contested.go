// A body beside the document, and for Strict beside every published source.

package emulator

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// timeFormat is what the document calls the format of a time in a request.
const timeFormat = "pipedrive-minute"

// violation says where a value is not as the schema has it, and how; reason is empty if it is.
func violation(schema *openapi3.Schema, value any) (where, reason string) {
	err := schema.VisitJSON(value, openapi3.VisitAsRequest(),
		openapi3.WithStringFormatValidator(timeFormat, openapi3.NewCallbackValidator(checkRequestTime)))
	if err == nil {
		return "", ""
	}
	var found *openapi3.SchemaError
	if !errors.As(err, &found) {
		return "", err.Error()
	}
	reason = found.Reason
	switch {
	case found.SchemaField == "required":
		reason = "missing"
	case found.Schema.Format == timeFormat && (found.SchemaField == "pattern" || found.SchemaField == "format"):
		reason = "not a time: want UTC minutes, YYYY-MM-DD HH:MM, or RFC 3339"
	}
	return strings.Join(found.JSONPointer(), "."), reason
}

// finding is a value that one published source allows, and another one refuses.
type finding struct{ where, reason string }

// maxFindings bounds what is told of one body.
const maxFindings = 20

// contested says what in a body some published source refuses although another allows it.
//
// All three provider types and link_expires pass as Strict, although one page lists only other,
// and the text of the validator has no link_expires.
func contested(op operation, value any) (found []finding) {
	add := func(where, reason string) {
		if len(found) < maxFindings {
			found = append(found, finding{where, reason})
		}
	}
	unknownKeys(op.body, value, "", func(key string) { add(key, "is a property that no published source knows") })
	body, _ := value.(map[string]any)
	for _, key := range []string{"avatar_url", "conversation_link"} {
		if text, ok := body[key].(string); ok && !isURL(text) {
			add(key, "is no URL")
		}
	}
	if op.id != "receiveMessage" {
		return found
	}
	for _, key := range []string{"created_at", "reply_by"} {
		if s, ok := body[key].(string); ok && !isMinute(s) {
			add(key, "is not in UTC minutes, YYYY-MM-DD HH:MM")
		}
	}
	attachments, ok := body["attachments"].([]any)
	if !ok {
		add("attachments", "is missing; send an empty list if there are none")
	}
	for i, item := range attachments {
		attachment, _ := item.(map[string]any)
		contestedAttachment("attachments."+strconv.Itoa(i), attachment, add)
		if len(found) == maxFindings {
			break
		}
	}
	return found
}

func contestedAttachment(at string, attachment map[string]any, add func(where, reason string)) {
	for _, key := range []string{"url", "preview_url"} {
		if text, ok := attachment[key].(string); ok && !isURL(text) {
			add(at+"."+key, "is no URL")
		}
	}
	if kind, _ := attachment["type"].(string); !isMimeType(kind) {
		add(at+".type", "is no mime type, such as image/png")
	}
	for _, key := range []string{"name", "size", "preview_url"} {
		if _, present := attachment[key]; !present {
			add(at+"."+key, "is missing; send null if it is not known")
		}
	}
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

// unknownKeys finds properties that the schema does not have.
func unknownKeys(schema *openapi3.Schema, value any, at string, found func(key string)) {
	switch value := value.(type) {
	case map[string]any:
		var unknown []string
		for key, inside := range value {
			if property := schema.Properties[key]; property == nil {
				unknown = append(unknown, at+key)
			} else if _, plain := inside.(string); !plain {
				unknownKeys(property.Value, inside, at+key+".", found)
			}
		}
		for _, key := range slices.Sorted(slices.Values(unknown)) {
			found(key)
		}
	case []any:
		for i, item := range value {
			unknownKeys(schema.Items.Value, item, fmt.Sprintf("%s%d.", at, i), found)
		}
	}
}
