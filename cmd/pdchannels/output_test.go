package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"
)

// nasty is what a server, a file name or a variable may hold: an escape, its one-byte form, text
// that runs backwards, an invisible tag, half a character.
const nasty = "a\x1b[31mb\u009b2Jc\u202ed\U000e0001e\xfff"

func TestWhatIsPrintedIsHarmless(t *testing.T) {
	t.Parallel()
	var screen strings.Builder
	out := &output{to: &screen}
	out.printf("%s, plain é 🚲\t漢字\n", nasty)
	if want := `a\u001b[31mb\u009b2Jc\u202ed\udb40\udc01e\xfff` + ", plain é 🚲\t漢字\n"; screen.String() != want {
		t.Errorf("%q\nwant %q", screen.String(), want)
	}
	screen.Reset()
	out.colour = true
	out.print(out.colour.good("ok") + "\x1b[2J\x1b[31")
	if want := "\x1b[32mok\x1b[0m" + `\u001b[2J\u001b[31`; screen.String() != want {
		t.Errorf("%q\nwant %q", screen.String(), want)
	}
}

func TestNothingFromOutsideReachesTheTerminalRaw(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "na\x1b]0;x\x07\u202ename.jsonl", jsonLines("m-1 c-1"))
	body, err := json.Marshal(nasty)
	if err != nil {
		t.Fatal(err)
	}
	env := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Correlation-Id", "\u009b31m\u202e")
		answer(w, http.StatusBadRequest, `{"success":false,"error":`+string(body)+`,"error_info":`+string(body)+`,"additional_data":{"code":`+string(body)+`}}`)
	})
	for _, r := range []result{
		pdchannels(t, env, "message", "receive", "--file", file),
		pdchannels(t, env, "message", "receive", "--file", file+"x"),
		pdchannels(t, env, "channel", "delete", "--id", "shop\u202e-1"),
		pdchannels(t, env, "channel", "delete", "--id", "shop\u202e-1", "--json"),
		pdchannels(t, env, "probe", "--json"),
		pdchannels(t, env.with("PIPEDRIVE_BASE_URL", "http://127.0.0.1:1/"+nasty), "probe"),
		pdchannels(t, env.with("PIPEDRIVE_BASE_URL", "http://127.0.0.1:1/v\u202e1"), "probe", "--json", "--attempts", "1"),
		pdchannels(t, env, "nons\x1b[2Jense", "--\u009bx"),
		pdchannels(t, env.with("PIPEDRIVE_ACCESS_TOKEN", "").with("PIPEDRIVE_ACCESS_TOKEN_FILE", file+"\u202e"), "probe"),
	} {
		for _, c := range r.stdout + r.stderr {
			if c != '\n' && c != '\t' && !unicode.IsGraphic(c) {
				t.Errorf("%U is raw in %q", c, r.stdout+r.stderr)
				break
			}
		}
		if strings.HasPrefix(r.stdout, "{") {
			r.object(t)
		}
	}
}

func TestWordsForAShell(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"in.jsonl": "in.jsonl", "/tmp/my file": "'/tmp/my file'", "it's": `'it'\''s'`, "-x.jsonl": "./-x.jsonl", "": "''", "http://[::1]:8484/v1": "'http://[::1]:8484/v1'",
		"a\x1bb\u202e\n'\\": `$'a\x1bb\xe2\x80\xae\n\'\\'`, "é.jsonl": "'é.jsonl'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
