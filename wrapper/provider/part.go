// A part of the form: what its headers say about it.

package provider

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"regexp"
	"slices"
	"strings"
)

const maxPartHeaders = 20 // lines; clients send four at most

// The fields of the form.
const (
	fieldMessage      = "message"
	fieldSender       = "senderId"
	fieldConversation = "conversationId"
	fieldRecipients   = "recipientIds"
	fieldFiles        = "files"
	fieldCharset      = "_charset_" // how HTML forms tell the charset of the other fields
)

// part is one part of the form, with its headers read.
type part struct {
	disposition
	field       string // the documented field that name spells; empty if there is none
	contentType string // without parameters, in lower case; empty if there is none
	fileType    string // what an app gets as the type of a file
	wrongType   string // a Content-Type that is none, as sent
	charset     string
	content     *bufio.Reader // decoded
}

// readPartHeaders returns an error that names the header that cannot be read.
func readPartHeaders(raw *multipart.Part) (*part, error) {
	for name, values := range raw.Header {
		if len(raw.Header) > maxPartHeaders || len(values) > maxPartHeaders {
			return nil, fmt.Errorf("it has more than %d headers", maxPartHeaders)
		}
		if slices.ContainsFunc(values, func(v string) bool { return v != values[0] }) && strings.HasPrefix(name, "Content-") {
			return nil, fmt.Errorf("the header %s comes twice, with two values", name)
		}
	}
	p := &part{}
	header := raw.Header.Get("Content-Disposition")
	if header == "" {
		return nil, errors.New("the header Content-Disposition is missing")
	}
	var err error
	if p.disposition, err = readDisposition(header); err != nil {
		return nil, fmt.Errorf("the header Content-Disposition: %w", err)
	}
	if p.name == "" && !p.hasFilename {
		return nil, errors.New("the header Content-Disposition: name is missing")
	}
	var near string
	if p.field, near = fieldOf(p.name); near != "" && p.filename == "" {
		return nil, fmt.Errorf("the field %.100q is unknown; want %q", p.name, near)
	}
	content, err := decodedContent(raw)
	if err != nil {
		return nil, err
	}
	p.content = bufio.NewReaderSize(content, 16)
	return p, p.readType(raw.Header.Get("Content-Type"))
}

// decodedContent undoes the part's transfer encoding.
func decodedContent(raw *multipart.Part) (io.Reader, error) {
	if coding := raw.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, fmt.Errorf("the header Content-Encoding: %q is not supported", coding)
	}
	switch encoding := raw.Header.Get("Content-Transfer-Encoding"); strings.ToLower(encoding) {
	case "", "7bit", "8bit", "binary":
		return raw, nil
	case "base64":
		return namedErrors{base64.NewDecoder(base64.StdEncoding, raw), "Content-Transfer-Encoding: base64"}, nil
	case "quoted-printable":
		return namedErrors{quotedprintable.NewReader(raw), "Content-Transfer-Encoding: quoted-printable"}, nil
	default:
		return nil, fmt.Errorf("the header Content-Transfer-Encoding: %q is not supported", encoding)
	}
}

// namedErrors says which header promised what the content does not keep.
type namedErrors struct {
	r      io.Reader
	header string
}

func (n namedErrors) Read(p []byte) (int, error) {
	read, err := n.r.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.EOF comes bare
		err = fmt.Errorf("the header %s, but the content is not: %v", n.header, err) //nolint:errorlint // its io.ErrUnexpectedEOF is not that of the form
	}
	return read, err
}

func (p *part) readType(header string) error {
	mediaType, params, err := mime.ParseMediaType(header)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || !strings.Contains(mediaType, "/") {
		mediaType, params, p.wrongType = "", nil, header
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		return fmt.Errorf("the header Content-Type: a %s within the form is not supported; send each file as a part of its own", mediaType)
	}
	p.contentType, p.charset = mediaType, params["charset"]
	p.fileType = cmp.Or(mime.FormatMediaType(mediaType, params), mediaType, "application/octet-stream")
	return nil
}

// index is how serializers number the items of a list: field[], field[0], field.0, the brackets percent-encoded or not.
var index = regexp.MustCompile(`^(?i:(\[|%5B)\d*(\]|%5D)|\.\d+)$`)

// fieldOf returns the documented field that a name spells, or else one that it is near: to ignore a text that was meant
// as that field would lose it.
func fieldOf(name string) (field, near string) {
	end := strings.IndexAny(name, "[.%")
	if end < 0 {
		end = len(name)
	}
	base, rest := name[:end], name[end:]
	isItem := rest == "" || index.MatchString(rest)
	for _, field := range []string{fieldMessage, fieldSender, fieldConversation, fieldRecipients, fieldFiles, fieldCharset} {
		isFile := field == fieldFiles && bare(base) == bare(field)
		switch {
		case isItem && (base == field || isFile):
			return field, ""
		case bare(base) == bare(field) && field != fieldCharset:
			return "", field
		}
	}
	return "", ""
}

// bare leaves of a name what its spellings have in common.
func bare(name string) string {
	return strings.TrimSuffix(strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)), "s")
}

// isFile reports whether the part is a file. In a field of text, an empty file name, or the one that browsers give a
// Blob, makes none of it.
func (p *part) isFile() bool {
	switch p.field {
	case fieldFiles:
		return true
	case "": // a file may come in any field, and have no name
		text := p.contentType == "" || strings.HasPrefix(p.contentType, "text/") || isJSON(p.contentType)
		return p.hasFilename || !text
	}
	return p.filename != "" && p.filename != "blob"
}

// isNoFile reports whether the part is how browsers and serializers send that there is no file.
func (p *part) isNoFile() bool {
	if p.filename != "" {
		return false
	}
	content, err := p.content.Peek(len("undefined") + 1)
	if err != io.EOF {
		return false
	}
	switch string(content) {
	case "":
		return true
	case "[]", "null", "undefined":
		return !p.hasFilename
	}
	return false
}

// texts returns the values of a field of text: one, or several recipients, in JSON or joined by commas.
func (p *part) texts(content []byte, charset string) ([]string, error) {
	text, err := decodeText(cmp.Or(p.charset, charset), content)
	if err != nil {
		return nil, fmt.Errorf("the field %.100q %w", p.name, err)
	}
	texts, list := []string{text}, p.field == fieldRecipients && strings.HasPrefix(strings.TrimSpace(text), "[")
	if p.field != "" && (list || isJSON(p.contentType)) {
		values, err := fromJSON(text)
		if err != nil && isJSON(p.contentType) {
			return nil, fmt.Errorf("the field %.100q, of Content-Type %s, %w", p.name, p.contentType, err)
		}
		if list = list && err == nil; list || isJSON(p.contentType) {
			texts = values
		}
	}
	if p.field != fieldRecipients || list {
		return texts, nil
	}
	var ids []string
	for _, text := range texts {
		for id := range strings.SplitSeq(text, ",") {
			ids = append(ids, strings.TrimSpace(id))
		}
	}
	return ids, nil
}

func isJSON(contentType string) bool {
	return contentType == "application/json" || strings.HasSuffix(contentType, "+json")
}

// fromJSON returns the texts of a JSON string, number or null, or of an array of them.
func fromJSON(text string) (texts []string, err error) {
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber() // ids have more digits than a float64
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("is more than one JSON value")
	}
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value}
	}
	for _, item := range list {
		switch item := item.(type) {
		case string:
			texts = append(texts, item)
		case json.Number:
			texts = append(texts, item.String())
		default:
			return nil, errors.New("has something other than texts in it")
		}
	}
	return texts, nil
}
