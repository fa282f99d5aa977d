// How the body of a request reads in a file, and how it is sent.

package recordings

import (
	"bytes"
	"encoding/json"
	"strings"
)

func isForm(r Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// Compact returns the request as it is sent: a form with the ends of its lines, JSON without layout.
func Compact(r Request) Request {
	var b bytes.Buffer
	switch {
	case isForm(r):
		r.Body = strings.ReplaceAll(r.Body, "\n", "\r\n") + "\r\n"
	case json.Compact(&b, []byte(r.Body)) == nil:
		r.Body = b.String()
	}
	return r
}

// laidOut is the request as it stands in a file.
func laidOut(r Request) Request {
	if isForm(r) {
		r.Body = strings.TrimSuffix(strings.ReplaceAll(r.Body, "\r\n", "\n"), "\n")
	}
	r.Body = Indent(r.Body)
	return r
}

// Indent lays a JSON body out; what is no JSON stays as it is.
func Indent(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
