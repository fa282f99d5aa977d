// The corpus itself: every file is well formed, says what it rests on, and is exempt from
// no check but those listed here.
package contract

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/spec"
	"github.com/pdchannels/pdchannels/tests/recordings"
)

// side is a document with the recordings of its operations: one in which the app calls
// Pipedrive, and one the other way round.
type side struct {
	name     string
	document func(testing.TB) *openapi3.T
	corpus   func(testing.TB) []*recordings.Recording
}

var sides = []side{
	{"channels.yaml", document, corpus},
	{"provider.yaml", providerDocument, providerCorpus},
}

var loadCorpus = sync.OnceValues(recordings.All)

func everything(t testing.TB) []*recordings.Recording {
	t.Helper()
	all, err := loadCorpus()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// corpus is what an app asks of Pipedrive.
func corpus(t testing.TB) []*recordings.Recording {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(everything(t)), func(r *recordings.Recording) bool { return !ofChannels()[r.Operation] })
}

// providerCorpus is what Pipedrive asks of an app.
func providerCorpus(t testing.TB) []*recordings.Recording {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(everything(t)), func(r *recordings.Recording) bool { return ofChannels()[r.Operation] })
}

// ofChannels are the operations of spec/channels.yaml. All others have to be of spec/provider.yaml,
// which check 1 makes sure of.
var ofChannels = sync.OnceValue(func() map[string]bool {
	ids := map[string]bool{}
	doc, err := openapi3.NewLoader().LoadFromData(spec.Channels)
	if err != nil {
		panic(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			ids[op.OperationID] = true
		}
	}
	return ids
})

// named returns a recording of the corpus.
func named(t testing.TB, name string) *recordings.Recording {
	t.Helper()
	for _, r := range everything(t) {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("tests/recordings has no %s.txtar", name)
	return nil
}

// sources is how the source: line of each origin begins; spec/PROVENANCE.md explains the marks.
var sources = map[recordings.Origin]*regexp.Regexp{
	recordings.Documented: regexp.MustCompile(`^\[(ref|seed|guide|omni|oauth|limits|log)\] `),
	recordings.Live:       regexp.MustCompile(`^recorded on `),
	recordings.Emulator:   regexp.MustCompile(`^recorded on `),
	recordings.Seen:       regexp.MustCompile(`^\[seen\] `),
	recordings.Invented:   regexp.MustCompile(`^ours`),
}

func TestRecordingsAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, r := range everything(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			if prefix := fmt.Sprintf("%s-%d", r.Operation, r.Response.Status); r.Name != prefix && !strings.HasPrefix(r.Name, prefix+"-") {
				t.Errorf("the name should begin with %s", prefix)
			}
			text, err := os.ReadFile(filepath.Join("..", "recordings", r.Name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			if tidy := r.Format(); !bytes.Equal(tidy, text) {
				t.Errorf("the file is not laid out as its neighbours are; this would be:\n%s", tidy)
			}
			for _, body := range []string{r.Request.Body, r.Response.Body} {
				if tidy := recordings.Indent(body); tidy != body {
					t.Errorf("a body is not indented as in its neighbours; this would be:\n%s", tidy)
				}
			}
			for _, name := range r.Given.After {
				named(t, name)
			}
			if !sources[r.Origin].MatchString(r.Source) {
				t.Errorf("source: %q does not go with origin: %s", r.Source, r.Origin)
			}
			wantMember := strings.Contains(r.Request.Header.Get("Authorization"), recordings.MemberAccessToken)
			if wantMember != (r.Given.User == "member") {
				t.Errorf("given: user=%s, but the request is of another user", r.Given.User)
			}
		})
	}
}

// exempt is every exemption there is. A new one belongs here as well as in its file, so
// that nobody buys a green test by one line in a recording.
var exempt = map[recordings.Check][]string{
	recordings.CheckRequest: {
		"addChannel-400", "getConversations-401-no-credentials", "postMessage-400", "postMessage-400-bad-request",
		"receiveMessage-400", "receiveMessage-400-null-link", "receiveMessage-400-probe", "receiveMessage-401",
	},
	recordings.CheckResponse: {
		"addChannel-200-cut-off", "addChannel-200-no-content-type", "deleteConversation-404-withdrawn",
		"getConversations-200-data-null", "getConversations-500-html", "getMessageById-200-enveloped",
		"receiveMessage-200-cut-off", "receiveMessage-200-empty", "receiveMessage-200-html", "receiveMessage-200-no-data",
		"receiveMessage-200-success-false", "receiveMessage-200-time-unreadable", "receiveMessage-503",
	},
	recordings.CheckEmulator: {
		"addChannel-200-cut-off", "addChannel-200-newer", "addChannel-200-no-content-type", "addChannel-400-already-exists",
		"addChannel-402", "addChannel-504-html",
		"deleteChannel-200-success-false", "deleteChannel-400", "deleteConversation-404-withdrawn",
		"receiveMessage-200-cut-off", "receiveMessage-200-empty", "receiveMessage-200-html", "receiveMessage-200-newer",
		"receiveMessage-200-no-data", "receiveMessage-200-success-false", "receiveMessage-200-time-unreadable",
		"receiveMessage-200-times-spaced", "receiveMessage-200-times-zoned", "receiveMessage-307", "receiveMessage-401-echo",
		"receiveMessage-403-html", "receiveMessage-403-scope", "receiveMessage-404", "receiveMessage-410",
		"receiveMessage-429-retry-after", "receiveMessage-500", "receiveMessage-502-html", "receiveMessage-503",
	},
	recordings.CheckHandler: {
		"getConversations-200-data-null", "getConversations-200-lenient", "getConversations-500-html",
		"getMessageById-200-enveloped", "postMessage-400-bad-request",
	},
}

func TestExemptionsAreThoseThatAreKnown(t *testing.T) {
	t.Parallel()
	for check, want := range exempt {
		var got []string
		for _, r := range everything(t) {
			if r.ExemptFrom(check) {
				got = append(got, r.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("exempt from %s are\n%s\nand should be\n%s", check, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
