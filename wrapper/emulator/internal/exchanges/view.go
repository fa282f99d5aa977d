// What is shown of an exchange: everything but secrets.

package exchanges

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

const hidden = "[hidden]"

// View is an exchange as it is shown, whole with its headers and bodies.
func (x *Exchange) View(whole bool) emulatorserver.Exchange {
	v := emulatorserver.Exchange{
		Number: x.Number, Cause: x.Cause, Direction: x.Direction, Time: x.Time.UTC(), DurationMs: float64(x.Duration.Microseconds()) / 1000,
		Operation: x.Operation, About: x.About, Method: x.Method, URL: hideQuery(x.URL), Status: x.Status, Code: x.Code, Reason: x.Reason,
		Verdict: x.Verdict, StoppedAt: x.StoppedAt, Rules: x.Rules, Findings: x.Findings, Fault: x.Fault, UserID: x.UserID, Cost: x.Cost,
	}
	if whole {
		v.Request, v.Response = x.Request.view(), x.Response.view()
	}
	return v
}

func (m *Message) view() *emulatorserver.HTTPMessage {
	v := &emulatorserver.HTTPMessage{Size: m.Size, Clipped: m.Size > len(m.Body)}
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		for _, value := range m.Header[name] {
			v.Headers = append(v.Headers, emulatorserver.Header{Name: name, Value: hideHeader(name, value)})
		}
	}
	switch body := m.Body; {
	case !utf8.Valid(trimRune(body)) || strings.ContainsRune(string(body), 0):
		v.Binary = true
	default:
		v.Body = hideBody(string(trimRune(body)))
	}
	return v
}

// trimRune takes off a character that a cut has left in halves.
func trimRune(b []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax-1, len(b)); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func hideHeader(name, value string) string {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Proxy-Authorization":
		scheme, _, _ := strings.Cut(value, " ")
		if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Basic") {
			return scheme + " " + hidden
		}
		return hidden
	case "X-Api-Token", "Cookie", "Set-Cookie":
		return hidden
	case "Location", "Referer":
		return hideQuery(value)
	default:
		return hideBody(value)
	}
}

// secretNames are parameters and properties whose values are secrets.
var secretNames = []string{"api_token", "access_token", "refresh_token", "client_secret", "code", "token", "password"}

func hideQuery(text string) string {
	at, query, found := strings.Cut(text, "?")
	if !found {
		return text
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil && value != "" && slices.Contains(secretNames, strings.ToLower(plain)) {
			parts[i] = name + "=" + hidden
		}
	}
	return at + "?" + strings.Join(parts, "&")
}

// The secrets in bodies: what the emulator gave out, by its beginning, and what goes by the name of a secret
// in JSON or in a form.
var (
	ours   = regexp.MustCompile(`emulator-(access|api|refresh|code|secret|password)-[A-Z0-9]+`)
	inJSON = regexp.MustCompile(`("(?:api_token|access_token|refresh_token|client_secret|password)"\s*:\s*)"(?:[^"\\]|\\.)*"`)
	inForm = regexp.MustCompile(`(^|&)((?:api_token|access_token|refresh_token|client_secret|code|token|password)=)[^&\s]*`)
)

func hideBody(text string) string {
	text = ours.ReplaceAllString(text, hidden)
	text = inJSON.ReplaceAllString(text, `${1}"`+hidden+`"`)
	return inForm.ReplaceAllString(text, "${1}${2}"+hidden)
}
