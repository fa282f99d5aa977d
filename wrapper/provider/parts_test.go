package provider_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// raw is a form of parts that are written out, headers and all, before the fields that every message has.
func raw(parts ...string) string {
	var b strings.Builder
	for _, part := range append(parts, rawText("senderId", "shop"), rawText("conversationId", "c")) {
		fmt.Fprintf(&b, "--BB\r\n%s\r\n", part)
	}
	return b.String() + "--BB--\r\n"
}

func rawText(name, value string) string {
	return "Content-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value
}

func (s *service) postRaw(contentType, body string) answer {
	s.t.Helper()
	req := s.request(http.MethodPost, "/channels/channel-1/messages", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	return s.do(req)
}

const contentTypeBB = "multipart/form-data; boundary=BB"

// A file arrives under its name however its header is written, or the message is refused.
func TestFileHeaders(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ client, disposition, name, refused string }{
		{client: "curl, Go", disposition: `form-data; name="files"; filename="my notes.txt"`, name: "my notes.txt"},
		{client: "unquoted", disposition: `form-data; name="files"; filename=my notes.txt`, name: "my notes.txt"},
		{client: "unquoted, with parentheses", disposition: `form-data; name=files; filename=notes (1).txt`, name: "notes (1).txt"},
		{client: "unquoted, with =", disposition: `form-data; name=files; filename=a=b.txt`, name: "a=b.txt"},
		{client: "upper case and blanks", disposition: `Form-Data ; NAME = "files" ; FileName = "a.txt"`, name: "a.txt"},
		{client: "file ahead of name", disposition: `form-data; filename="a;b.txt"; name="files"`, name: "a;b.txt"},
		{client: "trailing semicolon", disposition: `form-data; name="files"; filename="a.txt";`, name: "a.txt"},
		{client: "empty parameter", disposition: `form-data; name="files";; filename="a.txt"`, name: "a.txt"},
		{client: "parameter without a value", disposition: `form-data; name="files"; filename="a.txt"; size=`, name: "a.txt"},
		{client: "the same name twice", disposition: `form-data; name="files"; filename="a.txt"; filename="a.txt"`, name: "a.txt"},
		{client: "two names", disposition: `form-data; name="files"; filename="a.txt"; filename="b.txt"`, refused: "filename comes twice"},
		{client: "two fields", disposition: `form-data; name="files"; name="message"; filename="a.txt"`, refused: "name comes twice"},
		{client: "unquoted semicolon", disposition: `form-data; name="files"; filename=tom; jerry.txt`, refused: `jerry.txt\" has no value`},
		{client: "quotes within quotes", disposition: `form-data; name="files"; filename="a "b".txt"`, refused: "filename has text after its closing quote"},
		{client: "no closing quote", disposition: `form-data; name="files"; filename="a.txt`, refused: "filename has no closing quote"},
		{client: "Chromium, Firefox, undici", disposition: `form-data; name="files"; filename="a %22b%22%0D%0A.txt"`, name: "a _b_.txt"},
		{client: "a percent of its own", disposition: `form-data; name="files"; filename="100%25 %41.txt"`, name: "100%25 %41.txt"},
		{client: "older browsers, PHP", disposition: `form-data; name="files"; filename="a \"b\".txt"`, name: "a _b_.txt"},
		{client: "a path of Windows", disposition: `form-data; name="files"; filename="C:\temp\new.txt"`, name: "new.txt"},
		{client: "UTF-8 as it is", disposition: `form-data; name="files"; filename="boîte 📦.txt"`, name: "boîte 📦.txt"},
		{client: "ISO-8859-1 as it is", disposition: "form-data; name=\"files\"; filename=\"bo\xeete.txt\"", refused: "Content-Disposition: filename is not UTF-8"},
		{client: "requests of old", disposition: `form-data; name="files"; filename*=utf-8''bo%C3%AEte.txt`, name: "boîte.txt"},
		{client: "extended, in quotes", disposition: `form-data; name="files"; filename*="UTF-8'fr'bo%C3%AEte.txt"`, name: "boîte.txt"},
		{client: "extended, ISO-8859-1", disposition: `form-data; name="files"; filename*=ISO-8859-1''bo%EEte%80.txt`, name: "boîte€.txt"},
		{client: "extended, another charset", disposition: `form-data; name="files"; filename*=koi8-r''%D1.txt`, refused: `filename* is in the charset \"koi8-r\"`},
		{client: "another charset beside a plain name", disposition: `form-data; name="files"; filename="ya.txt"; filename*=koi8-r''%D1.txt`, name: "ya.txt"},
		{client: "extended without a charset", disposition: `form-data; name="files"; filename*=a.txt`, refused: "filename* does not begin with a charset"},
		{client: "extended, half a percent", disposition: `form-data; name="files"; filename*=utf-8''a%4.txt`, refused: "filename* is not percent-encoded"},
		{client: "both", disposition: `form-data; name="files"; filename="bo_te.txt"; filename*=UTF-8''bo%C3%AEte.txt`, name: "boîte.txt"},
		{client: ".NET", disposition: `form-data; name=files; filename="=?utf-8?B?Ym/DrnRlLnR4dA==?="; filename*=utf-8''bo%C3%AEte.txt`, name: "boîte.txt"},
		{client: "encoded words", disposition: `form-data; name="files"; filename="=?UTF-8?Q?bo=C3=AEte?= =?ISO-8859-1?Q?_=E9t=E9?=.txt"`, name: "boîte été.txt"},
		{client: "encoded words, another charset", disposition: `form-data; name="files"; filename="=?koi8-r?Q?=D1?=.txt"`, refused: `filename is in the charset \"koi8-r\"`},
		{client: "pieces", disposition: `form-data; name="files"; filename*0*=utf-8''bo%C3; filename*1*=%AEte; filename*2=" 1%.txt"`, name: "boîte 1%.txt"},
		{client: "pieces, the first plain", disposition: `form-data; name="files"; filename*0="100%41 "; filename*1="b.txt"`, name: "100%41 b.txt"},
		{client: "pieces with a gap", disposition: `form-data; name="files"; filename*0=a; filename*2=.txt`, refused: "filename* has a gap"},
		{client: "no name of a file", disposition: `form-data; name="files"`, name: "file"},
		{client: "an empty name", disposition: `form-data; name="files"; filename=""`, name: "file"},
		{client: "no field", disposition: `form-data; filename="a.txt"`, name: "a.txt"},
		{client: "attachment", disposition: `attachment; filename="a.txt"`, name: "a.txt"},
		{client: "another kind", disposition: `inline; name="files"; filename="a.txt"`, refused: `Content-Disposition: it begins with \"inline\"`},
		{client: "no kind", disposition: `name="files"; filename="a.txt"`, refused: "Content-Disposition: it begins with"},
		{client: "nothing", disposition: `form-data`, refused: "Content-Disposition: name is missing"},
		{client: "Rails, PHP, axios", disposition: `form-data; name="files[]"; filename="a.txt"`, name: "a.txt"},
		{client: "numbered", disposition: `form-data; name="files[0]"`, name: "file"},
		{client: "one file", disposition: `form-data; name="file"`, name: "file"},
		{client: "a member of a file", disposition: `form-data; name="files[0][size]"`, refused: `the field \"files[0][size]\" is unknown`},
		{client: "nearly a field of text", disposition: `form-data; name="Message"; filename="a.txt"`, name: "a.txt"},
		{client: "a Blob", disposition: `form-data; name="files"; filename="blob"`, name: "blob"},
	} {
		t.Run(test.client, func(t *testing.T) {
			t.Parallel()
			a, got := poster()
			s := serve(t, a)
			res := s.postRaw(contentTypeBB, raw(rawText("message", "see the file"), "Content-Disposition: "+test.disposition+"\r\n\r\nthe file"))
			if test.refused != "" {
				if res.status != http.StatusBadRequest || !strings.Contains(res.body, test.refused) || got.ConversationID != "" {
					t.Errorf("answered %d %s, want %q", res.status, res.body, test.refused)
				}
				return
			}
			want := []provider.ReceivedFile{{Key: "the file", Name: test.name, Type: "application/octet-stream", Size: 8}}
			if res.status != http.StatusOK || !reflect.DeepEqual(got.Files, want) || got.Message != "see the file" {
				t.Errorf("answered %d %s, the app got %+v", res.status, res.body, *got)
			}
		})
	}
}

// A file's other headers are obeyed, or refused by name.
func TestContentHeaders(t *testing.T) {
	t.Parallel()
	const file = "Content-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n"
	for _, test := range []struct{ name, headers, content, wantType, wantContent, refused string }{
		{"base64", "Content-Type: image/png\r\nContent-Transfer-Encoding: BASE64\r\n", "dGhl\r\nIGZpbGU=", "image/png", "the file", ""},
		{"base64 that is none", "Content-Transfer-Encoding: base64\r\n", "the file", "", "", "Content-Transfer-Encoding: base64"},
		{"base64 cut off", "Content-Transfer-Encoding: base64\r\n", "dGhlIGZpbG", "", "", "Content-Transfer-Encoding: base64"},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable\r\n", "the=20fi=\r\nle", "application/octet-stream", "the file", ""},
		{"binary", "Content-Transfer-Encoding: binary\r\nContent-Length: 8\r\n", "the file", "application/octet-stream", "the file", ""},
		{"another encoding", "Content-Transfer-Encoding: x-uuencode\r\n", "the file", "", "", `Content-Transfer-Encoding: \"x-uuencode\"`},
		{"compressed", "Content-Encoding: gzip\r\n", "the file", "", "", `Content-Encoding: \"gzip\"`},
		{"type with a broken parameter", "Content-Type: image/png; name=my picture.png\r\n", "the file", "image/png", "the file", ""},
		{"two types", "Content-Type: image/png\r\nContent-Type: text/html\r\n", "the file", "", "", "the header Content-Type comes twice"},
		{"two dispositions", "Content-Disposition: form-data; name=\"message\"\r\n", "the file", "", "", "the header Content-Disposition comes twice"},
		{"files in a file", "Content-Type: multipart/mixed; boundary=CC\r\n", "--CC\r\n\r\na\r\n--CC--", "", "", "Content-Type: a multipart/mixed within the form"},
		{"many headers", manyHeaders(30), "the file", "", "", "more than 20 headers"},
		{"one header many times", strings.Repeat("X: a\r\n", 30), "the file", "", "", "more than 20 headers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, got := poster()
			res := serve(t, a).postRaw(contentTypeBB, raw(file+test.headers+"\r\n"+test.content))
			if test.refused != "" {
				if res.status != http.StatusBadRequest || !strings.Contains(res.body, test.refused) || got.ConversationID != "" {
					t.Errorf("answered %d %s, want %q", res.status, res.body, test.refused)
				}
				return
			}
			want := []provider.ReceivedFile{{Key: test.wantContent, Name: "a.txt", Type: test.wantType, Size: int64(len(test.wantContent))}}
			if res.status != http.StatusOK || !reflect.DeepEqual(got.Files, want) {
				t.Errorf("answered %d %s, the app got %+v", res.status, res.body, *got)
			}
		})
	}
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: a\r\n", i)
	}
	return b.String()
}

// A file without a name is one, whatever is in it; only a field without a file name may say that there is none.
func TestNullIsAFile(t *testing.T) {
	t.Parallel()
	a, got := poster()
	res := serve(t, a).postRaw(contentTypeBB, raw("Content-Disposition: form-data; name=\"files\"; filename=\"\"\r\n\r\nnull"))
	if res.status != http.StatusOK || len(got.Files) != 1 || got.Files[0].Key != "null" {
		t.Errorf("answered %d %s, the app got %+v", res.status, res.body, *got)
	}
}

// "No file", as browsers and serializers spell it, is no file.
func TestNoFile(t *testing.T) {
	t.Parallel()
	for _, none := range []string{
		"Content-Disposition: form-data; name=\"files\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n",
		"Content-Disposition: form-data; name=\"upload\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n",
		rawText("files", ""), rawText("files[]", ""), rawText("file", ""), rawText("files", "[]"), rawText("files", "null"), rawText("files", "undefined"),
	} {
		a, got := poster()
		if res := serve(t, a).postRaw(contentTypeBB, raw(rawText("message", "hi"), none)); res.status != http.StatusOK || got.Message != "hi" || got.Files != nil {
			t.Errorf("%q: answered %d %s, the app got %+v", none, res.status, res.body, *got)
		}
		if res := serve(t, &app{}).postRaw(contentTypeBB, raw(rawText("message", "hi"), none)); res.status != http.StatusOK {
			t.Errorf("%q: an inbox for texts answered %d %s", none, res.status, res.body)
		}
		if res := serve(t, a).postRaw(contentTypeBB, raw(none)); res.status != http.StatusBadRequest {
			t.Errorf("%q: a message of nothing else is answered %d %s", none, res.status, res.body)
		}
	}
}
