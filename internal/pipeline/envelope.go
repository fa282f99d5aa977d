package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// form is what an answer's body is.
type form int

const (
	notJSON  form = iota
	cutOff        // the beginning of a JSON object
	foreign       // JSON, without the API's envelope
	ofTheAPI      // an object in the API's envelope
)

// envelope is what the API puts around every answer:
//
//	{"success": …, "data": …, "error": …, "error_info": …, "additional_data": {"code": …}}
//
// Its keys are compared exactly, so encoding/json, which ignores their case, does not read it.
type envelope struct {
	form                form
	success, failure    bool // success is true, or false; both if the key is there twice
	data                []byte
	message, info, code string
}

// byteOrderMark may stand before JSON, and a reader may pass over it (RFC 8259, section 8.1).
var byteOrderMark = []byte("\xef\xbb\xbf")

// readEnvelope reads an answer. What is of an unexpected type stays empty.
func readEnvelope(body []byte) (e envelope) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, byteOrderMark))
	if !json.Valid(body) {
		if isCutOff(body) {
			e.form = cutOff
		}
		return e
	}
	e.form = foreign
	members(body, func(key, value []byte) {
		switch string(key) {
		case "success":
			e.form = ofTheAPI
			e.success = e.success || string(value) == "true"
			e.failure = e.failure || string(value) == "false"
		case "data":
			e.data = value
		case "error":
			e.message = text(value)
		case "error_info":
			e.info = text(value)
		case "additional_data":
			members(value, func(key, value []byte) {
				if string(key) == "code" {
					e.form = ofTheAPI
					e.code = text(value)
				}
			})
		}
	})
	return e
}

// members yields each member of a valid JSON object, its key without escapes and its value.
func members(object []byte, yield func(key, value []byte)) {
	if len(object) == 0 || object[0] != '{' {
		return
	}
	depth, start := 0, 0
	var key []byte // nil: the next text at depth 1 is one
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '"':
			from := i + 1
			for i++; object[i] != '"'; i++ {
				if object[i] == '\\' {
					i++
				}
			}
			if depth == 1 && key == nil {
				key = object[from:i]
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ':':
			if depth == 1 {
				start = i + 1
			}
		}
		if key != nil && (depth == 1 && object[i] == ',' || depth == 0) {
			yield(unescaped(key), bytes.TrimSpace(object[start:i]))
			key = nil
		}
	}
}

// unescaped is a key as it is meant: "\u0073uccess" is success.
func unescaped(key []byte) []byte {
	if bytes.IndexByte(key, '\\') < 0 {
		return key
	}
	return []byte(text(slices.Concat([]byte{'"'}, key, []byte{'"'})))
}

// text is the string that a JSON value is; empty if it is none.
func text(value []byte) (s string) {
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// isCutOff reports whether what begins as an object lacks its end.
func isCutOff(body []byte) bool {
	var raw json.RawMessage
	syntax, is := errors.AsType[*json.SyntaxError](json.Unmarshal(body, &raw))
	return is && syntax.Offset == int64(len(body)) && bytes.HasPrefix(body, []byte("{"))
}
