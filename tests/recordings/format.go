package recordings

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// Request is a request as it stands in a file: the headers that matter, and the body laid
// out for a reader. The tokens in it are the placeholders below.
type Request struct {
	Method string
	Path   string // as on the wire, percent-encoded
	Header http.Header
	Body   string
}

// The placeholders for credentials. Any other token in a recording is a wrong one. The last two
// are those of HTTP Basic, encoded as it has them.
const (
	AccessToken       = "ACCESS_TOKEN"
	APIToken          = "API_TOKEN"
	MemberAccessToken = "MEMBER_ACCESS_TOKEN"
	ClientID          = "CLIENT_ID"
	ClientSecret      = "CLIENT_SECRET"
)

// Boundary parts the forms of recordings.
const Boundary = "BOUNDARY"

// Response is an answer as it stands in a file.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// The end of a line in HTTP is two characters; in a file it is one.
const protocol = "HTTP/1.1"

func (r *Request) parse(text string) (err error) {
	var first string
	if first, r.Header, r.Body, err = parseMessage(text); err != nil {
		return err
	}
	var ok bool
	if r.Method, r.Path, ok = strings.Cut(strings.TrimSuffix(first, " "+protocol), " "); !ok || !strings.HasPrefix(r.Path, "/") {
		return fmt.Errorf("%q is no request line", first)
	}
	return nil
}

func (r *Response) parse(text string) (err error) {
	var first string
	if first, r.Header, r.Body, err = parseMessage(text); err != nil {
		return err
	}
	code, _, _ := strings.Cut(strings.TrimPrefix(first, protocol+" "), " ")
	if r.Status, err = strconv.Atoi(code); err != nil {
		return fmt.Errorf("%q is no status line", first)
	}
	return nil
}

func parseMessage(text string) (first string, header http.Header, body string, err error) {
	head, body, _ := strings.Cut(text, "\n\n")
	first, lines, _ := strings.Cut(head, "\n")
	if first == "" {
		return "", nil, "", errors.New("it is empty")
	}
	mime, err := textproto.NewReader(bufio.NewReader(strings.NewReader(lines + "\n\n"))).ReadMIMEHeader()
	return first, http.Header(mime), body, err
}

// String is the request as in a file.
func (r Request) String() string {
	return message(r.Method+" "+r.Path+" "+protocol, r.Header, r.Body)
}

// String is the answer as in a file.
func (r Response) String() string {
	return message(strings.TrimSpace(fmt.Sprint(protocol, " ", r.Status, " ", http.StatusText(r.Status))), r.Header, r.Body)
}

func message(first string, header http.Header, body string) string {
	var b strings.Builder
	b.WriteString(first + "\n")
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	if body != "" {
		b.WriteString("\n" + body + "\n")
	}
	return b.String()
}

// Format is the text of a recording, as Parse reads it.
func (r *Recording) Format() []byte {
	var header strings.Builder
	fmt.Fprintf(&header, "%s\n\noperation: %s\norigin: %s\nsource: %s\n", r.Summary, r.Operation, r.Origin, r.Source)
	if r.Given.User != "admin" {
		fmt.Fprintf(&header, "given: user=%s\n", r.Given.User)
	}
	for _, name := range r.Given.After {
		fmt.Fprintf(&header, "given: after=%s\n", name)
	}
	if r.Given.Limit != "" {
		fmt.Fprintf(&header, "given: limit=%s\n", r.Given.Limit)
	}
	if r.Given.App != "" {
		fmt.Fprintf(&header, "given: app=%s\n", r.Given.App)
	}
	if r.Given.Fault != "" {
		fmt.Fprintf(&header, "given: fault=%s\n", r.Given.Fault)
	}
	for _, e := range r.Exempt {
		fmt.Fprintf(&header, "exempt: %s, %s\n", e.Check, e.Reason)
	}
	archive := txtar.Archive{Comment: []byte(header.String())}
	section := func(name, text string) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(text)})
	}
	if r.Call != "" {
		section("call", r.Call)
	}
	section("request", r.Request.String())
	section("response", r.Response.String())
	section("result", r.Result)
	return txtar.Format(&archive)
}
