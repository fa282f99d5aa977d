package provider_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// An upload that fails leaves no file with the app, whoever is at fault.
func TestFilesOfFailedMessages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		fail      func(*ableApp)
		status    int
		discarded string
	}{
		{"PostMessage fails", func(a *ableApp) {
			a.postMessage = func(context.Context, provider.PostMessageRequest) (string, error) { return "", provider.ErrNotFound }
		}, 404, "blue,red"},
		{"PostMessage panics", func(a *ableApp) {
			a.postMessage = func(context.Context, provider.PostMessageRequest) (string, error) { panic("x") }
		}, 500, "blue,red"},
		{"ReceiveFile fails", func(a *ableApp) {
			a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
				if req.Name == "r.txt" {
					return "", provider.ErrForbidden
				}
				return "blue", nil
			}
		}, 403, "blue"},
		{"ReceiveFile panics", func(a *ableApp) {
			a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
				if req.Name == "r.txt" {
					panic("x")
				}
				return "blue", nil
			}
		}, 500, "blue"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := &ableApp{}
			test.fail(a)
			s := serve(t, a)
			if res := s.post(right(file("b.txt", "blue"), file("r.txt", "red"))...); res.status != test.status {
				t.Errorf("answered %d %s, want %d", res.status, res.body, test.status)
			}
			if gone := strings.Join(a.gone(), ","); gone != test.discarded {
				t.Errorf("discarded %q, want %q", gone, test.discarded)
			}
		})
	}
}

// A file that the app does not care to read has its size all the same.
func TestUnreadFiles(t *testing.T) {
	t.Parallel()
	a, got := poster()
	a.receiveFile = func(context.Context, provider.ReceiveFileRequest) (string, error) { return "k", nil }
	res := serve(t, a).post(right(file("b.txt", "blue"), file("r.txt", "red"))...)
	if res.status != http.StatusOK || got.Files[0].Size != 4 || got.Files[1].Size != 3 {
		t.Errorf("answered %d %s, the app got %+v", res.status, res.body, got.Files)
	}
}

// An app that ignores that a file broke off does not get the message all the same.
func TestIgnoredBreak(t *testing.T) {
	t.Parallel()
	a, got := poster()
	a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
		_, _ = io.Copy(io.Discard, req.Content)
		return "cut", nil
	}
	s := serve(t, a, provider.WithLimits(provider.Limits{FileBytes: 3}))
	res := s.post(right(file("b.txt", "blue"))...)
	if res.status != http.StatusBadRequest || got.ConversationID != "" || !slices.Equal(a.gone(), []string{"cut"}) {
		t.Errorf("answered %d %s, discarded %q, the app got %+v", res.status, res.body, a.gone(), *got)
	}
}

func TestFilesAreRefusedWithoutTheAbility(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{})
	if res := s.post(right(file("b.txt", "blue"))...); res.status != http.StatusBadRequest || !strings.Contains(res.body, "the app takes no files") {
		t.Errorf("answered %d %s", res.status, res.body)
	}
}

func TestFilenames(t *testing.T) {
	t.Parallel()
	a, got := poster()
	s := serve(t, a)
	long := strings.Repeat("ü", 200)
	for sent, want := range map[string]string{
		"blue.png":                      "blue.png",
		"Übersicht 2026.pdf":            "Übersicht 2026.pdf",
		`..\\..\\evil.exe`:              "evil.exe", // a quoted string escapes the backslash
		`..\..\evil.exe`:                "evil.exe",
		"../../etc/passwd":              "passwd",
		"/etc/passwd":                   "passwd",
		`C:\\Windows\\win.ini`:          "win.ini",
		`\\\\host\\share\\x`:            "x",
		"..":                            "file",
		".":                             "file",
		"a/..":                          "file",
		".htaccess":                     "htaccess",
		"evil.exe:stream":               "evil.exe_stream",
		"evil.exe. . ":                  "evil.exe",
		"a\tb.txt":                      "ab.txt",
		"gpj\u202eexe.txt":              "gpjexe.txt",
		"bo\u00eete.txt":                "boîte.txt",
		"9.41\u202fAM.png":              "9.41 AM.png",
		"👨\u200d👩.png":                  "👨\u200d👩.png",
		"CON":                           "_CON",
		"nul.txt":                       "_nul.txt",
		"com1.log":                      "_com1.log",
		"common":                        "common",
		"<a>|b?*.txt":                   "_a__b__.txt",
		"x" + long + ".pdf":             "x" + strings.Repeat("ü", 97) + ".pdf",
		long + ".pdf":                   strings.Repeat("ü", 98) + ".pdf",
		"x." + strings.Repeat("y", 300): "x." + strings.Repeat("y", 198),
	} {
		if res := s.post(right(file(sent, ""))...); res.status != http.StatusOK {
			t.Errorf("%q: answered %d %s", sent, res.status, res.body)
			continue
		}
		if name := got.Files[0].Name; name != want {
			t.Errorf("%q became %q, want %q", sent, name, want)
		}
	}
}
