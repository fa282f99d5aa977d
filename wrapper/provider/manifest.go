// The manifest: where Pipedrive finds the endpoints of an app.

package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
type Manifest struct {
	GetConversations    string `json:"getConversations,omitempty"`    // needed; :providerChannelId
	GetConversationByID string `json:"getConversationById,omitempty"` // needed; :providerChannelId, :sourceConversationId
	PostMessage         string `json:"postMessage,omitempty"`         // needed; :providerChannelId
	GetSenderByID       string `json:"getSenderById,omitempty"`       // :providerChannelId, :senderId
	GetTemplates        string `json:"getTemplates,omitempty"`        // :providerChannelId
	GetMessageByID      string `json:"getMessageById,omitempty"`      // :providerChannelId, :sourceMessageId; may carry :sourceConversationId
	DeleteChannelByID   string `json:"deleteChannelById,omitempty"`   // :providerChannelId
}

// Where [Handler] serves the endpoints, with the variables that a URL may carry.
const (
	channelPath      = "/channels/:providerChannelId"
	conversationPath = channelPath + "/conversations/:sourceConversationId"
)

var handlerPaths = Manifest{
	GetConversations:    channelPath + "/conversations",
	GetConversationByID: conversationPath,
	PostMessage:         channelPath + "/messages",
	GetSenderByID:       channelPath + "/senders/:senderId",
	GetTemplates:        channelPath + "/templates",
	GetMessageByID:      conversationPath + "/messages/:sourceMessageId",
	DeleteChannelByID:   channelPath,
}

// ManifestAt returns the manifest of an app that offers all endpoints at baseURL, at the paths of
// [Handler]; set those that it does not offer to "". It returns an error if
// baseURL is not an https URL, or carries more than a host and a path. A loopback host may have
// http, so that a manifest can be tried out.
func ManifestAt(baseURL string) (Manifest, error) {
	base := strings.TrimRight(baseURL, "/")
	if err := checkURL(base); err != nil {
		return Manifest{}, fmt.Errorf("provider: manifest: base URL %q: %w", baseURL, err)
	}
	if strings.ContainsAny(base, "?{") || len(variablesOf(base)) > 0 {
		return Manifest{}, fmt.Errorf("provider: manifest: base URL %q: it has a query or a variable; a host and a path are enough", baseURL)
	}
	p := handlerPaths
	return Manifest{
		GetConversations:    base + p.GetConversations,
		GetConversationByID: base + p.GetConversationByID,
		PostMessage:         base + p.PostMessage,
		GetSenderByID:       base + p.GetSenderByID,
		GetTemplates:        base + p.GetTemplates,
		GetMessageByID:      base + p.GetMessageByID,
		DeleteChannelByID:   base + p.DeleteChannelByID,
	}, nil
}

// Manifest returns the manifest of the app: the endpoints that its inbox has the
// abilities for, at baseURL, where the handler is mounted. Its errors are those of [ManifestAt].
func (h *Handler) Manifest(baseURL string) (Manifest, error) {
	if h == nil || h.endpoints == nil {
		return Manifest{}, errNotMade
	}
	m, err := ManifestAt(baseURL)
	if h.senderGetter == nil {
		m.GetSenderByID = ""
	}
	if h.templatesGetter == nil {
		m.GetTemplates = ""
	}
	if h.messageGetter == nil {
		m.GetMessageByID = ""
	}
	if h.channelDeleter == nil {
		m.DeleteChannelByID = ""
	}
	return m, err
}

// MarshalJSON writes the manifest in the order of its fields, without the endpoints
// that are not offered. It does not check it; see [Manifest.Check].
func (m Manifest) MarshalJSON() ([]byte, error) {
	type endpoints Manifest // without this method
	return json.Marshal(struct {
		Version   string    `json:"version"`
		Endpoints endpoints `json:"endpoints"`
	}{ManifestVersion, endpoints(m)})
}

// ParseManifest reads a manifest and checks it. The error, if any, lists everything
// that is wrong, each with its endpoint.
func ParseManifest(data []byte) (Manifest, error) {
	var wrong []error
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
		wrong = append(wrong, errors.New("provider: manifest: it begins with a byte order mark, which JSON does not allow; save it as UTF-8 without one"))
	case bytes.IndexByte(data[:min(2, len(data))], 0) >= 0, bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return Manifest{}, errors.New("provider: manifest: it is in UTF-16; save it as UTF-8")
	}
	var raw struct {
		Version   string
		Endpoints map[string]string
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return Manifest{}, errors.Join(append(wrong, fmt.Errorf("provider: manifest: it is not a JSON object of version and endpoints: %w", err))...)
	}
	if _, err := d.Token(); err != io.EOF {
		wrong = append(wrong, errors.New("provider: manifest: something follows its closing brace"))
	}
	if raw.Version != ManifestVersion {
		wrong = append(wrong, fmt.Errorf("provider: manifest: version is %q, only %s is known", raw.Version, ManifestVersion))
	}
	m := Manifest{
		GetConversations:    raw.Endpoints["getConversations"],
		GetConversationByID: raw.Endpoints["getConversationById"],
		PostMessage:         raw.Endpoints["postMessage"],
		GetSenderByID:       raw.Endpoints["getSenderById"],
		GetTemplates:        raw.Endpoints["getTemplates"],
		GetMessageByID:      raw.Endpoints["getMessageById"],
		DeleteChannelByID:   raw.Endpoints["deleteChannelById"],
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Endpoints)) {
		if !slices.ContainsFunc(m.endpoints(), func(e endpoint) bool { return e.name == name }) {
			wrong = append(wrong, fmt.Errorf("provider: manifest: %s: there is no such endpoint", name))
		}
	}
	if err := errors.Join(append(wrong, m.Check())...); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// UnmarshalJSON does what [ParseManifest] does.
func (m *Manifest) UnmarshalJSON(data []byte) (err error) {
	*m, err = ParseManifest(data)
	return err
}
