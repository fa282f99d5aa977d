// Whatever a manifest says, calls go to its own hosts.

package providercall

import (
	"net/url"
	"slices"
	"testing"
)

func FuzzManifest(f *testing.F) {
	const good = `{"version":"v202101","endpoints":{"getConversations":"https://x.example/:providerChannelId","postMessage":"https://x.example?a=:providerChannelId",` +
		`"getConversationById":"https://y.example:8443/{providerChannelId}/{sourceConversationId}"}}`
	for _, id := range []string{"c", "..", "", "a/b", "//evil.example", "@evil.example", "?x#y", "\x00", ":providerChannelId", "{senderId}"} {
		f.Add([]byte(good), id)
	}
	f.Fuzz(func(t *testing.T, manifest []byte, id string) {
		e, err := FromManifest(manifest, false)
		if err != nil {
			return
		}
		for _, dots := range []bool{false, true} {
			for _, name := range Names {
				filled, err := e.fill(name, values{channelVar: id, conversationVar: id, messageVar: id, senderVar: id}, dots)
				if err != nil {
					continue
				}
				own, err := url.Parse(e.urls[name])
				if err != nil || filled.Scheme != own.Scheme || filled.Host != own.Host || filled.User != nil || !slices.Contains(e.Hosts(), filled.Host) {
					t.Errorf("%s with %q leads to %s", e.urls[name], id, filled)
				}
			}
		}
	})
}
