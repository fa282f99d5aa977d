// Where an app serves: the URLs of a manifest, or a base URL and the document's paths.

package providercall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// The endpoints by their names in a manifest.
const (
	GetConversations    = "getConversations"
	GetConversationByID = "getConversationById"
	PostMessage         = "postMessage"
	GetSenderByID       = "getSenderById"
	GetTemplates        = "getTemplates"
	GetMessageByID      = "getMessageById"
	DeleteChannelByID   = "deleteChannelById"
)

// Names are all endpoints, the needed ones first.
var Names = []string{GetConversations, GetConversationByID, PostMessage, GetSenderByID, GetTemplates, GetMessageByID, DeleteChannelByID}

// App says where an app is. Set one of the first three fields.
type App struct {
	BaseURL     string // all seven endpoints are at the paths of the document
	Manifest    []byte // JSON
	ManifestURL string // where the manifest is

	PlainHTTP bool // allow http beyond this machine, as between containers
}

// Find returns the endpoints of an app. Only for a ManifestURL it makes a request.
func Find(ctx context.Context, app App) (Endpoints, error) {
	given := 0
	for _, is := range []bool{app.BaseURL != "", app.Manifest != nil, app.ManifestURL != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return Endpoints{}, errors.New("set either BaseURL or Manifest, or ManifestURL")
	case app.BaseURL != "":
		return AtBase(app.BaseURL, app.PlainHTTP)
	case app.Manifest != nil:
		return FromManifest(app.Manifest, app.PlainHTTP)
	}
	manifest, err := fetchManifest(ctx, app.ManifestURL, app.PlainHTTP)
	if err != nil {
		return Endpoints{}, err
	}
	return FromManifest(manifest, app.PlainHTTP)
}

// Endpoints are the URLs of an app, with variables that are filled in for each call. The
// zero value has none.
type Endpoints struct {
	urls map[string]string
	base bool
}

// AtBase returns the endpoints of an app that serves all of them at the paths of the document.
func AtBase(baseURL string, plainHTTP bool) (Endpoints, error) {
	operations, err := documented()
	if err != nil {
		return Endpoints{}, err
	}
	base := strings.TrimRight(baseURL, "/")
	if strings.ContainsAny(base, "?{") || len(variable.FindString(afterHost(base))) > 0 {
		return Endpoints{}, fmt.Errorf("base URL %q: it has a query or a variable; a host and a path are enough", baseURL)
	}
	if err := callable(base, plainHTTP); err != nil {
		return Endpoints{}, fmt.Errorf("base URL %q: %w", baseURL, err)
	}
	urls := map[string]string{}
	for _, name := range Names {
		urls[name] = base + operations[name].path
	}
	return Endpoints{urls: urls, base: true}, nil
}

// FromManifest reads the endpoints of a manifest. It asks of them what a call needs, no more.
func FromManifest(data []byte, plainHTTP bool) (Endpoints, error) {
	operations, err := documented()
	if err != nil {
		return Endpoints{}, err
	}
	var manifest struct{ Endpoints map[string]string }
	if err := json.Unmarshal(bytes.TrimSpace(data), &manifest); err != nil {
		return Endpoints{}, fmt.Errorf("the manifest is no JSON object of version and endpoints: %w", err)
	}
	urls := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(manifest.Endpoints)) {
		text := manifest.Endpoints[name]
		if !slices.Contains(Names, name) {
			return Endpoints{}, fmt.Errorf("the manifest's %s: there is no such endpoint", name)
		}
		if err := callable(text, plainHTTP); err != nil {
			return Endpoints{}, fmt.Errorf("the manifest's %s, %q: %w", name, text, err)
		}
		for _, match := range variable.FindAllStringSubmatch(afterHost(text), -1) {
			if v := match[1] + match[3]; !strings.Contains(operations[name].path, "{"+v+"}") {
				return Endpoints{}, fmt.Errorf("the manifest's %s, %q: nobody fills in the variable %s", name, text, v)
			}
		}
		urls[name] = text
	}
	for _, name := range Names[:3] {
		if urls[name] == "" {
			return Endpoints{}, fmt.Errorf("the manifest names no %s, and every app needs it", name)
		}
	}
	return Endpoints{urls: urls}, nil
}

// Has tells whether there is such an endpoint to call.
func (e Endpoints) Has(name string) bool { return e.urls[name] != "" }

// Guessed tells whether the endpoints follow from a base URL: then an app need not have all.
func (e Endpoints) Guessed() bool { return e.base }

// Hosts are the hosts that the endpoints are on, each with its port, in alphabetical order.
func (e Endpoints) Hosts() (hosts []string) {
	for _, text := range e.urls {
		if u, err := url.Parse(text); err == nil && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	slices.Sort(hosts)
	return hosts
}

// callable refuses what must not be called: credentials go out unencrypted only on this machine,
// unless plainHTTP says otherwise.
func callable(text string, plainHTTP bool) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("it is no URL")
	}
	switch {
	case u.Hostname() == "":
		return errors.New("it has no host; write https://host/path")
	case u.Scheme != "https" && (u.Scheme != "http" || !plainHTTP && !trust.IsLoopback(u.Hostname())):
		return errors.New("it is not https, and not http on this machine; PlainHTTP allows http elsewhere")
	case u.User != nil:
		return errors.New("it carries a user; the app's client id and secret are sent instead")
	case u.Fragment != "":
		return errors.New("it has a fragment, which is never sent")
	}
	return nil
}

// variable is `{name}` anywhere, or `:name` where a path segment or a query value begins.
var variable = regexp.MustCompile(`\{(\w+)\}|([/=]):([A-Za-z]\w*)`)

func afterHost(text string) string {
	_, rest, _ := strings.Cut(text, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return ""
}

// fill puts values into the variables of an endpoint, each as one segment or one value. The
// scheme and the host are left as they are, whatever the values.
func (e Endpoints) fill(name string, values map[string]string, dots bool) (*url.URL, error) {
	text, ok := e.urls[name]
	if !ok {
		return nil, fmt.Errorf("the app has no %s", name)
	}
	rest := afterHost(text)
	path, query, _ := strings.Cut(rest, "?")
	var wrong error
	put := func(text string, escape func(string) string) string {
		return variable.ReplaceAllStringFunc(text, func(found string) string {
			match := variable.FindStringSubmatch(found)
			value := values[match[1]+match[3]]
			switch {
			case dots && (value == "." || value == ".."):
				return match[2] + strings.ReplaceAll(value, ".", "%2E")
			case len(value) > MaxValue:
				wrong = fmt.Errorf("%s: the value of %s has %d bytes, too many for a URL", name, match[1]+match[3], len(value))
			case value == "" || value == "." || value == "..":
				wrong = fmt.Errorf("%s: the value %q of %s would make another path", name, value, match[1]+match[3])
			}
			return match[2] + escape(value)
		})
	}
	path, query = put(path, url.PathEscape), put(query, url.QueryEscape)
	if wrong != nil {
		return nil, wrong
	}
	if query != "" {
		query = "?" + query
	}
	return url.Parse(strings.TrimSuffix(text, rest) + path + query)
}
