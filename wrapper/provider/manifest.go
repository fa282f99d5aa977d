// The manifest: where Pipedrive finds the endpoints of an app.

package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ManifestVersion is the version that every manifest states.
const ManifestVersion = "v202101"

// Manifest names the URL of each endpoint. It is what an app's owner uploads to
// Pipedrive's Developer Hub, as the JSON that [json.Marshal] makes of it.
//
// A URL carries variables that Pipedrive fills in, spelled `:providerChannelId` or
// `{providerChannelId}`; which ones is said at each field. Apart from them it may be
// any https URL of the app. An empty URL stands for an endpoint that the app does not
// offer.
//
//nolint:recvcheck // a value is written as well as a pointer, and only a pointer is read into
type Manifest struct {
	GetConversations    string // needed; :providerChannelId
	GetConversationByID string // needed; :providerChannelId, :sourceConversationId
	PostMessage         string // needed; :providerChannelId
	GetSenderByID       string // :providerChannelId, :senderId
	GetTemplates        string // :providerChannelId
	GetMessageByID      string // :providerChannelId, :sourceMessageId; may carry :sourceConversationId
	DeleteChannelByID   string // :providerChannelId
}

// endpoint is one line of a manifest.
type endpoint struct {
	name   string
	url    *string
	path   string // where Handler serves it, with the variables that a URL may carry
	needed bool
}

// endpoints lists the lines in the order in which they are written.
func (m *Manifest) endpoints() []endpoint {
	const channel = "/channels/:providerChannelId"
	const conversation = channel + "/conversations/:sourceConversationId"
	return []endpoint{
		{"getConversations", &m.GetConversations, channel + "/conversations", true},
		{"getConversationById", &m.GetConversationByID, conversation, true},
		{"postMessage", &m.PostMessage, channel + "/messages", true},
		{"getSenderById", &m.GetSenderByID, channel + "/senders/:senderId", false},
		{"getTemplates", &m.GetTemplates, channel + "/templates", false},
		{"getMessageById", &m.GetMessageByID, conversation + "/messages/:sourceMessageId", false},
		{"deleteChannelById", &m.DeleteChannelByID, channel, false},
	}
}

// ManifestAt returns the manifest of an app that offers all endpoints at baseURL, at the paths of
// [Handler]; those that it does not offer are then to be set to "". It returns an error if
// baseURL is no https URL, or carries more than a host and a path; http is taken for
// loopback hosts, so that a manifest can be tried out.
func ManifestAt(baseURL string) (Manifest, error) {
	base := strings.TrimRight(baseURL, "/")
	if err := checkURL(base); err != nil {
		return Manifest{}, fmt.Errorf("provider: manifest: base URL %q: %w", baseURL, err)
	}
	if strings.ContainsAny(base, "?{") || len(variablesOf(base)) > 0 {
		return Manifest{}, fmt.Errorf("provider: manifest: base URL %q: it has a query or a variable; a host and a path are enough", baseURL)
	}
	var m Manifest
	for _, e := range m.endpoints() {
		*e.url = base + e.path
	}
	return m, nil
}

// Manifest returns the manifest of the app: the endpoints that its inbox has the
// abilities for, at baseURL, where the handler is mounted. Its errors are those of [ManifestAt].
func (h *Handler) Manifest(baseURL string) (Manifest, error) {
	m, err := ManifestAt(baseURL)
	for url, offered := range map[*string]bool{
		&m.GetSenderByID:     h.senderGetter != nil,
		&m.GetTemplates:      h.templatesGetter != nil,
		&m.GetMessageByID:    h.messageGetter != nil,
		&m.DeleteChannelByID: h.channelDeleter != nil,
	} {
		if !offered {
			*url = ""
		}
	}
	return m, err
}

// MarshalJSON writes the manifest in the order of its fields, without the endpoints
// that are not offered. It does not check it; see [Manifest.Check].
func (m Manifest) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"version":%q,"endpoints":{`, ManifestVersion)
	separator := ""
	for _, e := range m.endpoints() {
		if *e.url == "" {
			continue
		}
		url, err := json.Marshal(*e.url)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s%q:%s", separator, e.name, url)
		separator = ","
	}
	b.WriteString("}}")
	return b.Bytes(), nil
}

// ParseManifest reads a manifest and checks it. The error, if any, tells everything
// that is wrong, each with its endpoint.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	if err := m.parse(data); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// UnmarshalJSON does what [ParseManifest] does.
func (m *Manifest) UnmarshalJSON(data []byte) (err error) {
	*m, err = ParseManifest(data)
	return err
}

func (m *Manifest) parse(data []byte) error {
	var raw struct {
		Version   string
		Endpoints map[string]string
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return fmt.Errorf("provider: manifest: it is no JSON object of version and endpoints: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("provider: manifest: something follows its closing brace")
	}
	var wrong []error
	if raw.Version != ManifestVersion {
		wrong = append(wrong, fmt.Errorf("provider: manifest: version is %q, only %s is known", raw.Version, ManifestVersion))
	}
	for _, e := range m.endpoints() {
		*e.url = raw.Endpoints[e.name]
		delete(raw.Endpoints, e.name)
	}
	for _, name := range sortedKeys(raw.Endpoints) {
		wrong = append(wrong, fmt.Errorf("provider: manifest: %s: there is no such endpoint", name))
	}
	return errors.Join(append(wrong, m.Check())...)
}
