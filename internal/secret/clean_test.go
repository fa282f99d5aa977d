package secret_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/pdchannels/pdchannels/internal/secret"
)

const credential = "v1u:AQIBAHj+8/sk=&p3r"

func TestCredentialsAreFoundHoweverTheyAreSpelled(t *testing.T) {
	t.Parallel()
	escape := func(format, chars string) string { // these characters of the credential
		var spelled strings.Builder
		for _, r := range credential {
			if strings.ContainsRune(chars, r) {
				fmt.Fprintf(&spelled, format, r)
			} else {
				spelled.WriteRune(r)
			}
		}
		return spelled.String()
	}
	every := credential
	for name, spelled := range map[string]string{
		"as it is":             credential,
		"in capitals":          strings.ToUpper(credential),
		"JSON, one escape":     escape(`\u%04x`, "+"),
		"JSON, mixed case":     strings.NewReplacer("u002b", "u002B").Replace(escape(`\u%04x`, "+/")),
		"JSON, every letter":   escape(`\u%04X`, every),
		"JSON in JSON":         escape(`\\u%04x`, "+&"),
		"JSON, slash":          strings.ReplaceAll(credential, "/", `\/`),
		"JavaScript":           escape(`\x%02x`, "+="),
		"URL":                  escape("%%%02X", "+:/&="),
		"URL, lower case":      escape("%%%02x", "+:/&="),
		"URL, partly":          escape("%%%02x", "+"),
		"URL, twice":           escape("%%25%02X", "+:"),
		"URL, by others":       escape("%%u%04X", "+"),
		"URL of a form":        strings.ReplaceAll(credential, "+", " "),
		"HTML, decimal":        escape("&#%d;", "+&"),
		"HTML, no semicolon":   escape("&#%d", ":"),
		"HTML, zeros":          escape("&#%060d;", "+"),
		"HTML, hexadecimal":    escape("&#x%x;", "+AQI"),
		"HTML, capitals":       escape("&#X%X;", "+AQI"),
		"HTML, named":          strings.NewReplacer("+", "&plus;", "&", "&amp;", "=", "&equals;").Replace(credential),
		"HTML, old names":      strings.ReplaceAll(credential, "&", "&amp"),
		"HTML in a URL":        escape("%%26%%23%d%%3B", "+/"),
		"a URL in HTML":        escape("&#37;%02x", "+/"),
		"JSON of HTML":         escape(`\u0026#%d;`, "+"),
		"escapes of hex":       strings.ReplaceAll(credential, "+", `%\u0032%42`),
		"base64":               base64.StdEncoding.EncodeToString([]byte(credential)),
		"basic auth":           "Basic " + base64.StdEncoding.EncodeToString([]byte("id:"+credential)),
		"basic auth, shifted":  "Basic " + base64.StdEncoding.EncodeToString([]byte("id1:"+credential)),
		"basic auth, further":  "Basic " + base64.StdEncoding.EncodeToString([]byte("id12:"+credential)),
		"basic auth of OAuth":  "Basic " + base64.StdEncoding.EncodeToString([]byte("id:"+url.QueryEscape(credential))),
		"basic auth for URLs":  "Basic " + base64.URLEncoding.EncodeToString([]byte("id:"+credential)),
		"hexadecimal":          fmt.Sprintf("%X", credential),
		"broken over lines":    credential[:7] + "\r\n\t" + credential[7:],
		"with an unseen space": credential[:7] + "\u200b" + credential[7:],
		"cut off":              credential[:9],
	} {
		for _, around := range []string{"%s", "the token %s", "{\"error\":\"%s"} {
			text := fmt.Sprintf(around, spelled)
			shown := secret.Clean(text, credential, 2000)
			want := fmt.Sprintf(around, secret.Redacted)
			if strings.HasPrefix(spelled, "Basic ") {
				want = fmt.Sprintf(around, "Basic "+secret.Redacted)
			}
			if shown != want {
				t.Errorf("%s: %q is shown as %q", name, text, shown)
			}
		}
	}
}

func TestTextWithoutTheCredentialIsShown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"success":false,"error":"invalid token &amp; 100 % wrong","error_info":"see \u00fcber, https:\/\/x.example\/?q=%2B&#43;"}`,
		"ends in what begins the credential: v1u:", `C:\users\x %zz &nothing; &#; \u12`,
	} {
		if shown := secret.Clean(text, credential, 2000); shown != text {
			t.Errorf("%q is shown as %q", text, shown)
		}
	}
}

// A secret so short that it occurs in every text makes none unreadable, and is not shown as such.
func TestShortSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ secret, text, want string }{
		{"e", "the request was refused", "the request was refused"},
		{"e", "the token e was refused", secret.Withheld},
		{"e", `{"token":"e"}`, secret.Withheld},
		{"e", `token%3d%65`, secret.Withheld},
		{"e", `\u0065`, secret.Withheld},
		{"+", "a+b", secret.Withheld},
		{"+", "ab", "ab"},
		{"abc", "abcdef", "abcdef"},
		{"abc", "def-abc", secret.Withheld},
		{"abcd", "abcdef", secret.Redacted + "ef"},
		{"", "the text", "the text"},
	} {
		if got := secret.Clean(tt.text, tt.secret, 200); got != tt.want {
			t.Errorf("the secret %q in %q: got %q, want %q", tt.secret, tt.text, got, tt.want)
		}
	}
}

func TestTextIsFitForATerminal(t *testing.T) {
	t.Parallel()
	got := secret.Clean("a\x1b[31m\u009b1m\u202egnp.exe\u2066\x00\xff\u2028b\u200d\ufeff\u00adc\ue000\n", "", 200)
	if want := "a [31m 1mgnp.exe bc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := secret.Clean(strings.Repeat("ü", 200), "", 101); len(got) > 101 || !strings.HasSuffix(got, "ü…") {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
}

func TestSeveralSecrets(t *testing.T) {
	t.Parallel()
	if got := secret.Redact("first-one and second-two, second-one", "first-one", "second-two"); got != "[redacted] and [redacted], second-one" {
		t.Errorf("got %q", got)
	}
	// What is left of one must not make another.
	if got := secret.Redact("abcfirst-onedef", "first-one", "c[redacted]d"); got != secret.Withheld {
		t.Errorf("got %q", got)
	}
}

// The work is bounded, whatever is nested: .
func TestHostileTextEnds(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"percent": "%" + strings.Repeat("25", 1<<16), "entities": "&" + strings.Repeat("amp;", 1<<15), "open": strings.Repeat("&#", 1<<16),
		"backslashes": strings.Repeat(`\`, 1<<17), "escaped": strings.Repeat(`\u005c`, 1<<15), "zeros": "&#" + strings.Repeat("0", 1<<17), "repeated": strings.Repeat("a", 1<<17),
	} {
		if shown := secret.Redact(text, strings.Repeat("a", 4000)+"b"); shown != text && shown != secret.Withheld && !strings.HasSuffix(shown, secret.Redacted) {
			t.Errorf("%s: shown as %.60q", name, shown)
		}
	}
}

// Whatever is shown does not decode to the secret, in whatever order it is decoded.
func FuzzRedact(f *testing.F) {
	f.Add(credential, "a token: ", ", again", []byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add("41abc", "%", "%41", []byte{0})
	f.Add("u002bcd", `\&#92;`, "", []byte{0})
	f.Add("abc%", "", "2541&", []byte{0, 3, 1})
	f.Add("d]ab", "", "ab", []byte{0})
	f.Add("lt;abc", "&", "&#3", []byte{4, 0, 2})
	f.Fuzz(func(t *testing.T, key, before, after string, how []byte) {
		if significant := strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f && r != '+' && r != '\\' {
				return r
			}
			return -1
		}, key); len(significant) < 4 || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r >= 0x7f }) ||
			strings.Contains(secret.Withheld, key) || len(key)+len(before)+len(after) > 1000 {
			return
		}
		formats := []string{"%c", `\u%04x`, "%%%02X", "&#%d;", "&#x%X;", "%%25%02x", `\\u%04X`, "&amp;#%d;"}
		var spelled strings.Builder
		for i, r := range []byte(key) {
			format := formats[0]
			if len(how) > 0 {
				format = formats[int(how[i%len(how)])%len(formats)]
			}
			fmt.Fprintf(&spelled, format, r)
		}
		shown := secret.Clean(before+spelled.String()+after, key, 4000)
		if strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			t.Fatalf("not fit for a terminal: %q", shown)
		}
		if order := spells(shown, key, 3); order != "" {
			t.Fatalf("%q (spelled %q) is shown as %q, which decodes by %s", key, spelled.String(), shown, order)
		}
	})
}

// spells returns the decoders by which text comes to contain the key, or "".
func spells(text, key string, depth int) string {
	if strings.Contains(text, key) {
		return "-"
	}
	if depth == 0 {
		return ""
	}
	for name, decode := range map[string]func(string) string{"JSON": unescapeJSON, "URL": unescapeURL, "HTML": html.UnescapeString} {
		if decoded := decode(text); decoded != text {
			if rest := spells(decoded, key, depth-1); rest != "" {
				return name + " " + rest
			}
		}
	}
	return ""
}

func unescapeJSON(text string) string { return unescape(text, `\u`, 4) }
func unescapeURL(text string) string  { return unescape(text, "%", 2) }

// unescape decodes what it can, and leaves the rest as it is.
func unescape(text, prefix string, digits int) string {
	var decoded strings.Builder
	for text != "" {
		var r rune
		if rest, ok := strings.CutPrefix(text, prefix); ok && len(rest) >= digits && strings.Trim(rest[:digits], "0123456789abcdefABCDEF") == "" {
			_, _ = fmt.Sscanf(rest[:digits], "%x", &r)
			decoded.WriteRune(r)
			text = rest[digits:]
			continue
		}
		decoded.WriteByte(text[0])
		text = text[1:]
	}
	return decoded.String()
}
