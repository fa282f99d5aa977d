// A tolerant reader of Content-Disposition headers. Clients write what the standard forbids, and mime.ParseMediaType
// refuses: unquoted file names, empty parameters, file names in other charsets.

package provider

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// disposition is what a part's Content-Disposition says.
type disposition struct {
	name        string
	filename    string
	hasFilename bool // tells an empty file name from none
}

// readDisposition reads what [mime.ParseMediaType] reads, and what clients send besides. It returns an error where two
// readings are possible: a guess could lose a file, or deliver it under another name.
func readDisposition(header string) (d disposition, err error) {
	kind, params, err := readParams(header)
	if err != nil {
		return d, err
	}
	switch kind {
	case "form-data", "file", "attachment": // the latter two are those of files in RFC 2388
	default:
		return d, fmt.Errorf("it begins with %q, want form-data", kind)
	}
	name, _, err := readName(params, "name")
	if err != nil {
		return d, err
	}
	filename, hasFilename, err := readName(params, "filename")
	return disposition{name, filename, hasFilename}, err
}

// readParams splits a header into its first word, in lower case, and its parameters, whose keys are in lower case.
func readParams(header string) (word string, params map[string]string, err error) {
	word, rest, _ := strings.Cut(header, ";")
	params = map[string]string{}
	for rest = strings.TrimSpace(rest); rest != ""; {
		if rest[0] == ';' { // an empty parameter
			rest = strings.TrimSpace(rest[1:])
			continue
		}
		end := strings.IndexAny(rest, ";=")
		if end < 0 || rest[end] == ';' {
			text, _, _ := strings.Cut(rest, ";")
			return "", nil, fmt.Errorf("the parameter %q has no value; a semicolon in a name needs quotes around it", strings.TrimSpace(text))
		}
		key := strings.ToLower(strings.TrimSpace(rest[:end]))
		var value string
		if value, rest, err = readValue(strings.TrimSpace(rest[end+1:])); err != nil {
			return "", nil, fmt.Errorf("%s %w", key, err)
		}
		if before, again := params[key]; again && before != value {
			return "", nil, fmt.Errorf("%s comes twice, with two values", key)
		}
		params[key] = value
	}
	return strings.ToLower(strings.TrimSpace(word)), params, nil
}

// readValue reads one value, in quotes or up to the next semicolon, and returns what follows it.
func readValue(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ";")
		return strings.TrimSpace(value), strings.TrimSpace(rest), nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			rest = strings.TrimSpace(text[i+1:])
			if rest != "" && rest[0] != ';' {
				return "", "", errors.New("has text after its closing quote")
			}
			return b.String(), rest, nil
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`()<>@,;:\"/[]?=`, text[i+1]) >= 0:
			i++ // an escape; before any other character a backslash is one of a Windows path
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("has no closing quote")
}

// htmlEscapes are what browsers write for characters that would end a quoted name or its line; nothing else is escaped.
var htmlEscapes = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n")

// readName returns a parameter's text in UTF-8. Of two spellings the extended one, `filename*`, is preferred, as
// RFC 6266 has it, and the plain one stands in for an extended one that cannot be read.
func readName(params map[string]string, key string) (name string, found bool, err error) {
	plain, hasPlain := params[key]
	extended, hasExtended := params[key+"*"]
	if !hasExtended {
		extended, hasExtended, err = joinPieces(params, key)
	}
	if hasExtended && err == nil {
		if name, err = decodeExtended(extended); err == nil {
			return name, true, nil
		}
	}
	if hasExtended && !hasPlain {
		return "", true, fmt.Errorf("%s* %w", key, err)
	}
	words := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		decoded, err := decodeText(charset, text)
		return strings.NewReader(decoded), err
	}}
	if name, err = words.DecodeHeader(plain); err != nil { // RFC 2047: .NET and mail libraries
		return "", true, fmt.Errorf("%s %w", key, err)
	}
	if !utf8.ValidString(name) {
		return "", true, fmt.Errorf("%s is not UTF-8", key)
	}
	return htmlEscapes.Replace(name), hasPlain, nil
}

// joinPieces joins the pieces of RFC 2231 (`filename*0*`, `filename*1`) into one extended value.
func joinPieces(params map[string]string, key string) (joined string, found bool, err error) {
	pieces := slices.DeleteFunc(slices.Collect(maps.Keys(params)), func(k string) bool { return !strings.HasPrefix(k, key+"*") })
	for n := range pieces {
		piece := key + "*" + strconv.Itoa(n)
		plain, isPlain := params[piece]
		encoded, isEncoded := params[piece+"*"]
		switch {
		case isPlain == isEncoded:
			return "", true, fmt.Errorf("has a gap or a double in its pieces, at %s", piece)
		case isPlain && n == 0:
			joined = "utf-8''" + url.PathEscape(plain)
		case isPlain:
			joined += url.PathEscape(plain)
		default:
			joined += encoded
		}
	}
	return joined, len(pieces) > 0, nil
}

// decodeExtended reads an extended value: charset'language'text, with the text percent-encoded.
func decodeExtended(value string) (string, error) {
	charset, rest, _ := strings.Cut(value, "'")
	_, encoded, ok := strings.Cut(rest, "'")
	if !ok {
		return "", errors.New("does not begin with a charset: want UTF-8''name")
	}
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return "", fmt.Errorf("is not percent-encoded: %w", err)
	}
	return decodeText(charset, []byte(text))
}

// windows1252 is what bytes from 0x80 to 0x9f mean in what is called ISO-8859-1, as the WHATWG's Encoding Standard has it.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// decodeText returns text in UTF-8. It knows the charsets that forms are sent in.
func decodeText(charset string, text []byte) (string, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if !utf8.Valid(text) {
			return "", errors.New("is not UTF-8")
		}
		return string(text), nil
	case "iso-8859-1", "iso8859-1", "latin1", "windows-1252", "cp1252":
		var b strings.Builder
		for _, c := range text {
			if c >= 0x80 && c <= 0x9f {
				b.WriteRune(windows1252[c-0x80])
			} else {
				b.WriteRune(rune(c))
			}
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("is in the charset %q; want UTF-8", charset)
}
