// What the pages show of the exchanges: the inspector's part of pages.Source.

package emulator

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/pages"
)

func (s source) Causes(f pages.ExchangeFilter) pages.Causes {
	var out pages.Causes
	words := strings.Fields(strings.ToLower(f.Query))
	for _, root := range s.e.exchanges.Tree(0) {
		cause := pages.Cause{Title: title(root), At: root.Time}
		shown := false
		walk(root, 0, func(n *exchanges.Node, depth int) {
			call := callView(n.Exchange)
			call.Depth, call.Offset = depth, max(n.Time.Sub(root.Time), 0)
			cause.Took = max(cause.Took, call.Offset+call.Took)
			cause.Calls = append(cause.Calls, call)
			out.All++
			switch call.Verdict {
			case pages.Refused:
				out.Refused++
			case pages.Broken:
				out.Broken++
			case pages.Lenient:
				out.Lenient++
			case pages.Fault:
				out.Faults++
			default:
			}
			shown = shown || isAskedFor(n.Exchange, call, f.Only, words)
		})
		if shown && (f.Limit == 0 || len(out.Causes) < f.Limit) {
			out.Causes = append(out.Causes, cause)
		}
	}
	out.Dropped = s.e.exchanges.Dropped()
	return out
}

func walk(n *exchanges.Node, depth int, do func(*exchanges.Node, int)) {
	do(n, depth)
	for _, child := range n.Caused {
		walk(child, depth+1, do)
	}
}

func isAskedFor(x *exchanges.Exchange, call pages.Call, only string, words []string) bool {
	kind := map[string]pages.Verdict{"refused": pages.Refused, "broken": pages.Broken, "lenient": pages.Lenient, "fault": pages.Fault}
	if only != "" && call.Verdict != kind[only] {
		return false
	}
	status := strconv.Itoa(x.Status)
	text := strings.ToLower(strings.Join([]string{x.Operation, x.About, x.Conversation, x.Method, x.URL, x.Code, status, status[:1] + "xx"}, " "))
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// titles say in words what set exchanges off.
var titles = map[string]string{
	"addChannel": "The app adds a channel", "receiveMessage": "A message comes in", "deleteChannel": "The app deletes a channel",
	"deleteConversation": "The app deletes a conversation", "postMessage": "A user replies", "token": "The app asks for tokens",
	"revoke": "The app revokes a token", "authorize": "A user is asked to allow the app", "install": "A user installs the app",
	"uninstall": "A user uninstalls the app", "getCurrentUser": "The app asks whose token it has", "marketplace": "The Marketplace is looked at",
}

func title(root *exchanges.Node) string {
	return cmp.Or(titles[root.Operation], root.Operation, root.Method+" "+root.View(false).URL)
}

func callView(x *exchanges.Exchange) pages.Call {
	verdicts := map[emulatorserver.Verdict]pages.Verdict{
		emulatorserver.VerdictRefused: pages.Refused, emulatorserver.VerdictViolation: pages.Broken, emulatorserver.VerdictFailed: pages.Broken,
		emulatorserver.VerdictLenient: pages.Lenient, emulatorserver.VerdictFault: pages.Fault,
	}
	return pages.Call{
		Number: x.Number, ToApp: x.Direction == emulatorserver.Out, Name: cmp.Or(x.Operation, x.Method+" "+x.View(false).URL), About: x.About,
		Status: x.Status, Verdict: verdicts[x.Verdict], Took: x.Duration.Round(time.Microsecond),
	}
}

func (s source) Exchange(number int64) (pages.Exchange, error) {
	x, ok := s.e.exchanges.Get(number)
	if !ok {
		return pages.Exchange{}, pages.ErrNotFound
	}
	v := x.View(true)
	out := pages.Exchange{
		Call: callView(x), At: x.Time, Method: x.Method, URL: v.URL,
		RequestHeader: header(v.Request), ResponseHeader: header(v.Response), RequestBody: v.Request.Body, ResponseBody: v.Response.Body,
		RequestSize: int64(v.Request.Size), ResponseSize: int64(v.Response.Size),
	}
	if x.Direction == emulatorserver.In {
		out.URL = s.e.origin() + v.URL
		out.Curl = curl(out, v.Request.Clipped || v.Request.Binary)
	}
	for _, r := range x.Rules {
		out.Rules = append(out.Rules, pages.Rule{Text: r.Says, Provenance: provenances[r.Provenance], Source: r.Source})
	}
	var decisive pages.Rule
	if len(out.Rules) > 0 {
		decisive = out.Rules[0]
	}
	for _, f := range x.Findings {
		out.Findings = append(out.Findings, pages.Finding{Where: f.Where, Text: f.Reason, Lenient: !f.Refused && x.Direction == emulatorserver.In, Provenance: decisive.Provenance, Source: decisive.Source})
	}
	if len(x.Findings) == 0 && x.Reason != "" {
		out.Findings = []pages.Finding{{Text: x.Reason, Provenance: decisive.Provenance, Source: decisive.Source}}
	}
	return out, nil
}

var provenances = map[emulatorserver.Provenance]pages.Provenance{
	emulatorserver.Documented: pages.Documented, emulatorserver.Seen: pages.Seen, emulatorserver.Choice: pages.OurChoice,
}

func header(m *emulatorserver.HTTPMessage) http.Header {
	h := http.Header{}
	for _, one := range m.Headers {
		h.Add(one.Name, one.Value)
	}
	return h
}

// curl is a request of the app as a command; its token is taken from the environment.
func curl(x pages.Exchange, partly bool) string {
	if partly {
		return ""
	}
	word := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	var b strings.Builder
	b.WriteString("curl -X " + word(x.Method) + " " + word(x.URL))
	if strings.HasPrefix(x.RequestHeader.Get("Authorization"), "Bearer") {
		b.WriteString(` -H "Authorization: Bearer $PIPEDRIVE_ACCESS_TOKEN"`)
	}
	if x.RequestHeader.Get("X-Api-Token") != "" {
		b.WriteString(` -H "x-api-token: $PIPEDRIVE_API_TOKEN"`)
	}
	if kind := x.RequestHeader.Get("Content-Type"); kind != "" {
		b.WriteString(" -H " + word("Content-Type: "+kind))
	}
	if x.RequestBody != "" {
		b.WriteString(" --data-binary " + word(x.RequestBody))
	}
	return b.String()
}
