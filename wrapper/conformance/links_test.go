// Links that expire: which of them are tested, and what a dead one means.

package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

// linkTo puts a link into the attachments of an endpoint, or of all.
func linkTo(link string, endpoints ...string) fault {
	return fault{answer: func(_ *http.Request, e string, body object) {
		if endpoints != nil && !slices.Contains(endpoints, e) {
			return
		}
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case object:
				if _, ok := v["link_expires"]; ok {
					v["url"] = link
				}
				for _, inner := range v {
					walk(inner)
				}
			case []any:
				for _, inner := range v {
					walk(inner)
				}
			}
		}
		walk(body)
	}}
}

func findingsBy(report conformance.Report, severity conformance.Severity, rule string) (found []conformance.Finding) {
	for _, f := range report.Findings(severity) {
		if f.Rule == rule {
			found = append(found, f)
		}
	}
	return found
}

func TestDeadLinks(t *testing.T) {
	t.Parallel()
	const lists, conversations = "getConversations", "getConversationById"
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodHead, r.Header.Get("Authorization") != "", r.Header.Get("Cookie") != "":
			t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
		case strings.HasPrefix(r.URL.Path, "/gone"):
			w.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(r.URL.Path, "/no-head"):
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	}))
	t.Cleanup(files.Close)
	for name, test := range map[string]struct {
		fault
		dead bool
	}{
		"all are dead":               {linkTo(files.URL + "/gone"), true},
		"no HEAD":                    {linkTo(files.URL + "/no-head"), true},
		"the fresh one is dead":      {linkTo(files.URL+"/gone", "getMessageById"), true},
		"nobody listens":             {linkTo("http://127.0.0.1:1/file"), true},
		"the old one is dead":        {linkTo(files.URL+"/gone", lists, conversations), false},
		"all are fine":               {linkTo(files.URL + "/here"), false},
		"the fresh picture is dead":  {on("getSenderById", func(o object) { o["data"].(object)["avatar_url"] = files.URL + "/gone" }), true},
		"no getMessageById to renew": {instead("getMessageById", always, 404, "text/html", "no"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, test.fault)
			if dead := len(findingsBy(report, conformance.Violation, "link-dead")) > 0; dead != test.dead {
				t.Error(report)
			}
			missing := len(findingsBy(report, conformance.Violation, "endpoint-missing")) > 0
			if missing != (name == "no getMessageById to renew") {
				t.Error(report)
			}
		})
	}
}

// A link may name any host. None of these is called, and the report says so.
func TestLinksThatAreNotTested(t *testing.T) {
	t.Parallel()
	var called atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/away") {
			http.Redirect(w, r, "/target", http.StatusFound)
			return
		}
		called.Add(1)
	}))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct{ link, rule, says string }{
		"plain http":       {"http://files.example/1", "link-untested", "it is not https"},
		"a private host":   {"https://10.1.2.3/1", "link-untested", "private network"},
		"metadata":         {"https://169.254.169.254/latest", "link-untested", "private network"},
		"mapped":           {"https://[::ffff:10.0.0.1]/", "link-untested", "private network"},
		"any address":      {"https://0.0.0.0/", "link-untested", "private network"},
		"shared addresses": {"https://100.64.0.1/", "link-untested", "private network"},
		"credentials":      {"http://id:secret@127.0.0.1/", "link-untested", "it carries credentials"},
		"a file":           {"file:///etc/passwd", "link-untested", "it has no host"},
		"another scheme":   {"gopher://127.0.0.1/", "link-untested", "it is not https"},
		"a path":           {"/files/1", "link-untested", "it has no host"},
		"no URL":           {"http://[", "link-untested", "it is no URL"},
		"a redirect":       {elsewhere.URL + "/away", "link-redirects", "redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, linkTo(test.link))
			found := findingsBy(report, conformance.Risk, test.rule)
			if len(found) == 0 || !strings.Contains(found[0].Reason, test.says) || report.Violations > 0 || called.Load() > 0 {
				t.Error(report)
			}
		})
	}
}
