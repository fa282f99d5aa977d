package provider

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"
)

// What package mime reads, our reader reads as the same, or refuses for a reason that package mime does not know.
func FuzzDisposition(f *testing.F) {
	for _, header := range []string{
		`form-data; name="files"; filename="my notes.txt"`, `form-data; name="files"; filename=my notes.txt`, `form-data;;name=a;filename=`,
		`form-data; name="a\"b\\c\d"; filename*=utf-8''bo%C3%AEte.txt`, `form-data; filename*0*=utf-8''a%20; filename*1="b; c"; filename="d"`,
		`form-data; name=files; filename="=?utf-8?B?Ym/DrnRlLnR4dA==?="`, `attachment; filename="a%22b"`, `form-data; name=a; size=; name=a`, `form-data; name*=iso-8859-1''%EE`,
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := readDisposition(header)
		if err == nil && !utf8.ValidString(got.name+got.filename) {
			t.Errorf("%q: read as %+v", header, got)
		}
		kind, params, mimeErr := mime.ParseMediaType(header)
		if mimeErr != nil || kind != "form-data" {
			return
		}
		lower := strings.ToLower(header)
		for _, unknown := range []string{"=?", "%22", "%0d", "%0a"} {
			if strings.Contains(lower, unknown) {
				return
			}
		}
		if err != nil {
			if utf8.ValidString(header) && !strings.Contains(header, "*") {
				t.Errorf("%q is refused: %v", header, err)
			}
			return
		}
		if name, ok := params["name"]; ok && got.name != name && !strings.Contains(lower, "name*") {
			t.Errorf("%q: name is %q, want %q", header, got.name, name)
		}
		_, plain, _ := readParams(header) // stands in for an extended name that cannot be read, of which package mime takes the rest
		if filename, ok := params["filename"]; ok && filename != "" && utf8.ValidString(filename) && got.filename != filename && got.filename != plain["filename"] {
			t.Errorf("%q: filename is %q, want %q", header, got.filename, filename)
		}
	})
}
