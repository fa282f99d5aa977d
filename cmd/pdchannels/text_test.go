package main

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// inUTF16 is text as PowerShell's > writes it, with a byte order mark if that is wanted.
func inUTF16(order binary.AppendByteOrder, mark bool, text string) string {
	if mark {
		text = byteOrderMark + text
	}
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func TestTextIsDecoded(t *testing.T) {
	t.Parallel()
	const text = "Rosa 🚲\r\n"
	for name, c := range map[string]struct{ data, encoding string }{
		"UTF-8":                   {text, ""},
		"a byte order mark":       {byteOrderMark + text, "UTF-8 with a byte order mark"},
		"UTF-16, little endian":   {inUTF16(binary.LittleEndian, true, text), "UTF-16"},
		"UTF-16, big endian":      {inUTF16(binary.BigEndian, true, text), "UTF-16"},
		"UTF-16 without, little":  {inUTF16(binary.LittleEndian, false, text), "UTF-16"},
		"UTF-16 without, and big": {inUTF16(binary.BigEndian, false, text), "UTF-16"},
	} {
		if got, encoding, err := decodeText([]byte(c.data)); got != text || encoding != c.encoding || err != nil {
			t.Errorf("%s: %q, %q, %v", name, got, encoding, err)
		}
	}
	for name, data := range map[string]string{
		"UTF-32":         "\xff\xfe\x00\x00R\x00\x00\x00",
		"Latin 1":        "caf\xe9",
		"breaks off":     inUTF16(binary.LittleEndian, true, "R") + "R",
		"half a pair":    inUTF16(binary.LittleEndian, true, "R") + "\x00\xd8",
		"no second half": inUTF16(binary.LittleEndian, true, "R") + "\x00\xd8R\x00",
	} {
		if got, _, err := decodeText([]byte(data)); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestASecretIsFoundInWhatIsStored(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"s3cret", "s3cret\n", "s3cret\r\n", " s3cret \t\n", byteOrderMark + "s3cret", `"s3cret"`, "'s3cret'\r\n", "Bearer s3cret", "bearer  s3cret\n",
		`"Bearer s3cret"`, "Authorization: Bearer s3cret", "Bearer 's3cret'", "\u00a0s3cret\u00a0",
	} {
		if got, err := bareSecret(text); got != "s3cret" || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		" \n": "is empty", `""`: "is empty", "Bearer ": "is empty", "s3cret\ns4cret": "several lines", "PIPEDRIVE_ACCESS_TOKEN=s3cret": "names a variable",
		"export PIPEDRIVE_API_TOKEN=s3cret": "names a variable", "$env:PIPEDRIVE_API_TOKEN = 's3cret'": "names a variable",
		`{"access_token":"s3cret"}`: "is JSON", "s3 cret": `' '`, "s3\x00cret": `'\x00'`, "s3cret…": `'\u2026'`, "s3\u200bcret": `'\u200b'`,
	} {
		if got, err := bareSecret(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestHalfACharacterIsFound(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]string{
		`"\ud83d\udeb2"`: "", `"\\ud83d"`: "", `"\u00e9"`: "", `"\\\\"`: "", `"\uD83D\uDEB2\u0020"`: "",
		`"m-\ud83d"`: `\ud83d`, `"m-\ud83e1"`: `\ud83e`, `"\udeb2\ud83d"`: `\udeb2`, `{"\ud83d":1}`: `\ud83d`, `"\\\ud83d"`: `\ud83d`, `"\ud83d\ud83d\udeb2"`: `\ud83d`,
	} {
		if got, found := halfCharacter([]byte(json)); got != want || found != (want != "") {
			t.Errorf("%s: %q", json, got)
		}
	}
}
