// What is taken out of an exchange before it is written down. The rule is an allow-list:
// what nobody has said to be harmless does not stay.
package contract

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/spec"
	"github.com/pdchannels/pdchannels/tests/recordings"
)

// keptHeaders stay, of requests and of answers. A header that ends in * stands for all
// that begin so.
var keptHeaders = []string{"Accept", "Content-Type", "Retry-After", "X-Ratelimit-*", "X-Daily-*"}

// identities are properties of the document that tell whose account it was.
var identities = []string{"marketplace_client_id", "pd_company_id", "pd_user_id"}

// plainValue is what the value of a kept header looks like, but for media types.
var plainValue = regexp.MustCompile(`^(\d+(\.\d+)?|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT)$`)

// tokenFields stay, of the two bodies of a token endpoint.
var tokenFields = []string{"grant_type", "token_type", "expires_in", "scope", "error"}

type scrubber struct {
	doc     *openapi3.T
	secrets []string // in every spelling that an answer may echo them in
	company string   // the first label of the host; "" if that is the common one
	off     bool     // for the positive control of the canary test only
}

func newScrubber(baseURL string, tokens map[string]string) (*scrubber, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Channels)
	if err != nil {
		return nil, err
	}
	s := &scrubber{doc: doc}
	for _, token := range tokens {
		if token != "" {
			s.secrets = append(s.secrets, spellings(token)...)
		}
	}
	// The longest first, so that no spelling leaves half of another behind.
	slices.SortFunc(s.secrets, func(a, b string) int { return len(b) - len(a) })
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, err
	}
	if company, ok := strings.CutSuffix(u.Host, ".pipedrive.com"); ok && company != "api" {
		s.company = company
	}
	return s, nil
}

// spellings are the ways in which a secret can come back.
func spellings(secret string) []string {
	quoted, _ := json.Marshal(secret)
	return []string{
		secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
}

const scrubbed = "SCRUBBED"

// text takes the known secrets and the company's name out of any text.
func (s *scrubber) text(text string) string {
	if s.off {
		return text
	}
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, scrubbed)
	}
	if s.company != "" {
		text = strings.ReplaceAll(text, s.company+".pipedrive.com", "company.pipedrive.com")
	}
	return text
}

// leak is the last look at a file: it refuses one with a secret in it.
func (s *scrubber) leak(file []byte) error {
	for _, secret := range s.secrets {
		if !s.off && bytes.Contains(file, []byte(secret)) {
			return errors.New("a credential is left in what was about to be written, so nothing was")
		}
	}
	return nil
}

// exchange turns an exchange that was played from r into what may be written down.
func (s *scrubber) exchange(r *recordings.Recording, x exchange) (recordings.Request, recordings.Response) {
	request := recordings.Request{Method: x.method, Path: s.text(x.path), Header: s.header(x.requestHeader)}
	response := recordings.Response{Status: x.status, Header: s.header(x.header)}
	if s.off {
		request.Body, response.Body = recordings.Indent(string(x.requestBody)), recordings.Indent(string(x.body))
		return request, response
	}
	for _, name := range []string{"Authorization", "X-Api-Token"} {
		if value := r.Request.Header.Get(name); value != "" && x.requestHeader.Get(name) != "" {
			request.Header.Set(name, value) // the placeholder that the token was put in for
		}
	}
	if location, err := url.Parse(x.header.Get("Location")); err == nil && location.Host != "" {
		response.Header.Set("Location", s.text(location.Scheme+"://"+location.Host+"/"))
	}
	if strings.HasSuffix(x.path, "/oauth/token") {
		request.Body, response.Body = tokenForm(x.requestBody), s.json(nil, "", x.body)
		return request, response
	}
	request.Body = s.text(recordings.Indent(string(x.requestBody))) // nothing but what the call said
	route, _, err := find(s.doc, &recordings.Recording{Operation: r.Operation, Request: request})
	if err != nil {
		return request, response
	}
	media, _, _ := mime.ParseMediaType(x.header.Get("Content-Type"))
	if media == "text/html" {
		response.Body = s.text("<title>" + title(x.body) + "</title>")
		return request, response
	}
	response.Body = s.json(answerSchema(route.Operation, x.status), r.Operation, x.body)
	return request, response
}

func (s *scrubber) header(h http.Header) http.Header {
	kept := http.Header{}
	for name, values := range h {
		if !s.off && !slices.ContainsFunc(keptHeaders, func(pattern string) bool {
			prefix, wild := strings.CutSuffix(pattern, "*")
			return name == pattern || wild && strings.HasPrefix(name, prefix)
		}) {
			continue
		}
		for _, value := range values {
			kept.Add(name, s.headerValue(name, value))
		}
	}
	return kept
}

func (s *scrubber) headerValue(name, value string) string {
	media, params, err := mime.ParseMediaType(value)
	switch {
	case s.off || plainValue.MatchString(value):
		return value
	case name == "Content-Type" && err == nil && params["charset"] != "":
		return s.text(media + "; charset=" + params["charset"])
	case (name == "Content-Type" || name == "Accept") && err == nil:
		return s.text(media)
	default:
		return mask(value).(string)
	}
}

func tokenForm(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return scrubbed
	}
	for name := range form {
		if !slices.Contains(tokenFields, name) {
			form.Set(name, scrubbed)
		}
	}
	return form.Encode()
}

var titleTag = regexp.MustCompile(`(?is)<title>(.*?)</title>`)

func title(page []byte) string {
	if found := titleTag.FindSubmatch(page); found != nil {
		return strings.Join(strings.Fields(string(found[1])), " ")
	}
	return ""
}
