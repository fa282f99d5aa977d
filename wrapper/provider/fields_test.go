package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// A field of text is read however it is spelled and encoded, or the message is refused by the name of the field.
func TestTextFields(t *testing.T) {
	t.Parallel()
	part := func(headers, content string) string {
		return "Content-Disposition: form-data; " + strings.ReplaceAll(headers, "|", "\r\n") + "\r\n\r\n" + content
	}
	for _, test := range []struct{ name, part, want, refused string }{
		{"plain", part(`name="message"`, "hé"), "hé", ""},
		{".NET", part(`name=message|Content-Type: text/plain; charset=utf-8`, "hé"), "hé", ""},
		{"Java", part(`name="message"|Content-Type: text/plain; charset=ISO-8859-1|Content-Transfer-Encoding: 8bit`, "h\xe9"), "hé", ""},
		{"Windows", part(`name="message"|Content-Type: text/plain; charset=windows-1252`, "5 \x80"), "5 €", ""},
		{"another charset", part(`name="message"|Content-Type: text/plain; charset=utf-16`, "h\x00"), "", `the field \"message\" is in the charset \"utf-16\"`},
		{"not UTF-8", part(`name="message"`, "h\xe9"), "", `the field \"message\" is not UTF-8`},
		{"base64", part(`name="message"|Content-Transfer-Encoding: base64`, "aMOp"), "hé", ""},
		{"base64 that is none", part(`name="message"|Content-Transfer-Encoding: base64`, "hé"), "", "Content-Transfer-Encoding: base64"},
		{"quoted-printable", part(`name="message"|Content-Transfer-Encoding: quoted-printable|Content-Type: text/plain; charset=iso-8859-1`, "h=E9"), "hé", ""},
		{"another encoding", part(`name="message"|Content-Transfer-Encoding: x-token`, "hé"), "", `Content-Transfer-Encoding: \"x-token\"`},
		{"JSON", part(`name="message"|Content-Type: application/json`, `"h\u00e9"`), "hé", ""},
		{"JSON number", part(`name="message"|Content-Type: application/json`, `12345678901234567890`), "12345678901234567890", ""},
		{"JSON null", part(`name="message"|Content-Type: application/json`, `null`), "", "neither text nor files"},
		{"JSON object", part(`name="message"|Content-Type: application/json`, `{"text":"hé"}`), "", `the field \"message\", of Content-Type application/json`},
		{"JSON that is none", part(`name="message"|Content-Type: application/json`, `hé`), "", `the field \"message\", of Content-Type application/json`},
		{"what looks like JSON", part(`name="message"`, `["hé"]`), `["hé"]`, ""},
		{"a Blob", part(`name="message"; filename="blob"|Content-Type: text/plain`, "hé"), "hé", ""},
		{"an empty file name", part(`name="message"; filename=""|Content-Type: application/octet-stream`, "hé"), "hé", ""},
		{"brackets", part(`name="message[]"`, "hé"), "hé", ""},
		{"encoded words", part(`name="=?utf-8?B?bWVzc2FnZQ==?="`, "hé"), "hé", ""},
		{"extended name", part(`name*=utf-8''message`, "hé"), "hé", ""},
		{"twice", part(`name="message"`, "hé\r\n--BB\r\n"+rawText("message[1]", "ho")), "", `the field \"message\" comes twice`},
		{"twice in one", part(`name="message"|Content-Type: application/json`, `["hé", "ho"]`), "", `the field \"message\" comes twice`},
		{"upper case", part(`name="Message"`, "hé"), "", `the field \"Message\" is unknown; want \"message\"`},
		{"a member", part(`name="message[text]"`, "hé"), "", `the field \"message[text]\" is unknown; want \"message\"`},
		{"no disposition", "Content-Type: text/plain\r\n\r\nhé", "", "the header Content-Disposition is missing"},
		{"charset of the form", rawText("_charset_", "iso-8859-1") + "\r\n--BB\r\n" + rawText("message", "h\xe9"), "hé", ""},
		{"unknown charset of the form", rawText("_charset_", "utf-7") + "\r\n--BB\r\n" + rawText("message", "h"), "", `the field \"message\" is in the charset \"utf-7\"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, got := poster()
			res := serve(t, a).postRaw(contentTypeBB, raw(test.part))
			if test.refused != "" {
				if res.status != http.StatusBadRequest || !strings.Contains(res.body, test.refused) {
					t.Errorf("answered %d %s, want %q", res.status, res.body, test.refused)
				}
				return
			}
			if res.status != http.StatusOK || got.Message != test.want || got.SenderID != "shop" {
				t.Errorf("answered %d %s, the app got %+v", res.status, res.body, *got)
			}
		})
	}
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		parts []string
		want  []string
	}{
		{"joined", []string{rawText("recipientIds[]", "a,b")}, []string{"a", "b"}},
		{"joined with blanks", []string{rawText("recipientIds", "a, b")}, []string{"a", "b"}},
		{"repeated", []string{rawText("recipientIds", "a"), rawText("recipientIds", "b")}, []string{"a", "b"}},
		{"numbered", []string{rawText("recipientIds[0]", "a"), rawText("recipientIds[1]", "b")}, []string{"a", "b"}},
		{"dotted", []string{rawText("recipientIds.0", "a"), rawText("recipientIds.1", "b")}, []string{"a", "b"}},
		{"brackets encoded", []string{rawText("recipientIds%5B%5D", "a"), rawText("recipientIds%5b1%5d", "b")}, []string{"a", "b"}},
		{"both spellings", []string{rawText("recipientIds[]", "a,b"), rawText("recipientIds", "b")}, []string{"a", "b"}},
		{"JSON", []string{rawText("recipientIds", ` ["a,c", 17]`)}, []string{"a,c", "17"}},
		{"JSON by type", []string{"Content-Type: application/json\r\n" + rawText("recipientIds", `"a"`)}, []string{"a"}},
		{"JSON, empty", []string{rawText("recipientIds", "[]")}, nil},
		{"an id with brackets", []string{rawText("recipientIds", "[a],b")}, []string{"[a]", "b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, got := poster()
			res := serve(t, a).postRaw(contentTypeBB, raw(append(test.parts, rawText("message", "hi"))...))
			if res.status != http.StatusOK || !reflect.DeepEqual(got.RecipientIDs, test.want) {
				t.Errorf("answered %d %s, the app got %q", res.status, res.body, got.RecipientIDs)
			}
		})
	}
	for _, wrong := range []string{
		rawText("recipient_ids", "a"), rawText("recipientId", "a"), rawText("recipientIds[0][id]", "a"), rawText("recipientIds%5Bid%5D", "a"),
		"Content-Type: application/json\r\n" + rawText("recipientIds", `[{"id":"a"}]`), "Content-Type: application/json\r\n" + rawText("recipientIds", `["a"`),
	} {
		a, got := poster()
		res := serve(t, a).postRaw(contentTypeBB, raw(wrong, rawText("message", "hi")))
		if res.status != http.StatusBadRequest || !strings.Contains(res.body, "the field ") || got.Message != "" {
			t.Errorf("%q: answered %d %s", wrong, res.status, res.body)
		}
	}
}

// What no field can hold is ignored, and the log says so; an unknown part that is a file is a file.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	a, got := poster()
	s := serve(t, a)
	res := s.postRaw(contentTypeBB, raw(rawText("message", "hi"), rawText("priority", "high"), rawText("priority", "higher"), rawText("charset", "koi8-r"),
		"Content-Type: image/png\r\n"+rawText("photo", "png"), "Content-Type: jpeg\r\n"+rawText("files", "jpg")))
	if res.status != http.StatusOK || len(got.Files) != 2 || got.Files[0].Key != "png" || got.Files[1].Type != "application/octet-stream" {
		t.Errorf("answered %d %s, the app got %+v", res.status, res.body, *got)
	}
	for _, want := range []string{"level=WARN", `the field \"priority\"`, `the Content-Type \"jpeg\"`} {
		if !strings.Contains(s.logs.String(), want) {
			t.Errorf("the log does not say %s: %s", want, s.logs)
		}
	}
}

// However many fields are ignored, the log has one line of bounded length.
func TestManyUnknownFields(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{})
	parts := []string{rawText("message", "hi")}
	for i := range 50 {
		parts = append(parts, rawText(fmt.Sprintf("x%d%s", i, strings.Repeat("y", 1000)), ""))
	}
	res := s.postRaw(contentTypeBB, raw(parts...))
	if log := s.logs.String(); res.status != http.StatusOK || len(log) > 4000 || !strings.Contains(log, "x0yyy") {
		t.Errorf("answered %d %s, and the log has %d bytes", res.status, res.body, len(log))
	}
}

// A part after the last boundary is found wherever the body happens to be cut into pieces.
func TestPartsAfterAnyLength(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{})
	for n := 24_000; n < 66_000; n += 500 {
		res := s.postRaw(contentTypeBB, raw(rawText("message", strings.Repeat("x", n)))+"--BB\r\n"+rawText("recipientIds", "a"))
		if res.status != http.StatusBadRequest || !strings.Contains(res.body, "a part follows the last boundary") {
			t.Errorf("after %d bytes: answered %d %s", n, res.status, res.body)
		}
	}
}

// What the handler makes of a Content-Type stays its own.
func TestTheRequestIsNotChanged(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t, &app{})
	const odd = "multipart/form-data; boundary=BB=?"
	r := httptest.NewRequest(http.MethodPost, "/channels/c/messages", strings.NewReader(strings.ReplaceAll(raw(rawText("message", "hi")), "BB", "BB=?")))
	r.Header.Set("Content-Type", odd)
	r.SetBasicAuth(clientID, clientSecret)
	w := serveFuzzed(t, h, r)
	if w.Code != http.StatusOK || r.Header.Get("Content-Type") != odd {
		t.Errorf("answered %d %s, and the header is %q", w.Code, w.Body, r.Header.Get("Content-Type"))
	}
}

// Text around the parts is skipped; a part there would be lost.
func TestAroundTheParts(t *testing.T) {
	t.Parallel()
	form, part := raw(rawText("message", "hi")), "--BB\r\n"+rawText("recipientIds", "a")
	for _, test := range []struct{ name, contentType, body, refused string }{
		{"nothing", contentTypeBB, form, ""},
		{"text before", contentTypeBB, "This is a multi-part message in MIME format.\r\n" + form, ""},
		{"text after", contentTypeBB, form + "\r\nThe end.\r\n", ""},
		{"no last line end", contentTypeBB, strings.TrimSuffix(form, "\r\n"), ""},
		{"line feeds", contentTypeBB, strings.ReplaceAll(form, "\r\n", "\n"), ""},
		{"a part before", contentTypeBB, part[1:] + "\r\n" + form, "a part stands before the first boundary"},
		{"a part before, after what looks like a boundary", contentTypeBB, "see --BB\r\n" + rawText("recipientIds", "a") + "\r\n" + form, "a part stands before the first boundary"},
		{"a part after", contentTypeBB, form + part + "\r\n--BB--\r\n", "a part follows the last boundary"},
		{"a part far after", contentTypeBB, form + strings.Repeat("\r\n", 3000) + part, "a part follows the last boundary"},
		{"a part after long text", contentTypeBB, raw(rawText("message", strings.Repeat("x", 50_000))) + part, "a part follows the last boundary"},
		{"no last boundary", contentTypeBB, strings.TrimSuffix(form, "--BB--\r\n"), "ends before its closing boundary"},
		{"half a last boundary", contentTypeBB, strings.TrimSuffix(form, "-\r\n"), "ends before its closing boundary"},
		{"an unquoted boundary", "multipart/form-data; boundary=BB=?;", strings.ReplaceAll(form, "BB", "BB=?"), ""},
		{"a charset without a value", "multipart/form-data; boundary=BB; charset=", form, ""},
		{"two boundaries", "multipart/form-data; boundary=BB; boundary=CC", form, "the header Content-Type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, _ := poster()
			res := serve(t, a).postRaw(test.contentType, test.body)
			if test.refused == "" && res.status != http.StatusOK || test.refused != "" && (res.status != http.StatusBadRequest || !strings.Contains(res.body, test.refused)) {
				t.Errorf("answered %d %s, want %q", res.status, res.body, test.refused)
			}
		})
	}
	s := serve(t, &app{})
	req := s.request(http.MethodPost, "/channels/c/messages", strings.NewReader(form))
	req.Header.Set("Content-Type", contentTypeBB)
	req.Header.Set("Content-Encoding", "gzip")
	if res := s.do(req); res.status != http.StatusBadRequest || !strings.Contains(res.body, "Content-Encoding") {
		t.Errorf("a compressed body is answered %d %s", res.status, res.body)
	}
}
