// What a manifest must fulfil before Pipedrive can use it.

package provider

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// endpoint is one line of a manifest.
type endpoint struct {
	name, url string
	path      string // where Handler serves it
	needed    bool
}

func (m Manifest) endpoints() []endpoint {
	p := handlerPaths
	return []endpoint{
		{"getConversations", m.GetConversations, p.GetConversations, true},
		{"getConversationById", m.GetConversationByID, p.GetConversationByID, true},
		{"postMessage", m.PostMessage, p.PostMessage, true},
		{"getSenderById", m.GetSenderByID, p.GetSenderByID, false},
		{"getTemplates", m.GetTemplates, p.GetTemplates, false},
		{"getMessageById", m.GetMessageByID, p.GetMessageByID, false},
		{"deleteChannelById", m.DeleteChannelByID, p.DeleteChannelByID, false},
	}
}

// Check returns an error that lists everything that is wrong with the manifest, each
// with its endpoint: one that is needed and missing, a URL that is not https (http on
// a loopback host will do), a variable that is missing or that Pipedrive does not fill in.
func (m Manifest) Check() error {
	var wrong []error
	for _, e := range m.endpoints() {
		if err := e.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("provider: manifest: %s: %w", e.name, err))
		}
	}
	return errors.Join(wrong...)
}

func (e endpoint) check() error {
	if e.url == "" {
		if e.needed {
			return errors.New("it is missing, and every app needs it")
		}
		return nil
	}
	if err := checkURL(e.url); err != nil {
		return fmt.Errorf("%q: %w", e.url, err)
	}
	known, carried := variablesOf(e.path), variablesOf(e.url)
	for _, name := range known {
		// Of the published descriptions some demand the conversation here, some leave it out.
		optional := e.name == "getMessageById" && name == "sourceConversationId"
		if !optional && !slices.Contains(carried, name) {
			return fmt.Errorf("%q: the variable :%s is missing", e.url, name)
		}
	}
	for _, name := range carried {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%q: Pipedrive does not fill in the variable :%s here", e.url, name)
		}
	}
	return nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	var syntax *url.Error
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not a URL: %w", syntax.Err)
	case err != nil:
		return fmt.Errorf("it is not a URL: %w", err)
	case u.Hostname() == "":
		return errors.New("it has no host; write https://host/path")
	case u.Scheme != "https" && (u.Scheme != "http" || !trust.IsLoopback(u.Hostname())):
		return errors.New("it is not https, which Pipedrive calls")
	case u.User != nil:
		return errors.New("it carries a user; Pipedrive sends the app's client id and secret instead")
	case u.Fragment != "":
		return errors.New("it has a fragment, which is never sent")
	}
	return nil
}

// variable is `{name}` anywhere, or `:name` where a path segment or a query value begins.
var variable = regexp.MustCompile(`\{(\w+)\}|[/=]:([A-Za-z]\w*)`)

func variablesOf(text string) (names []string) {
	if _, after, ok := strings.Cut(text, "://"); ok {
		text = after
	}
	for _, match := range variable.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1]+match[2])
	}
	return names
}
