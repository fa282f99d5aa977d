// The client of one app: its settings, and a method for each endpoint.

package providercall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Our choice: a call takes 10 seconds at most.
const callTimeout = 10 * time.Second

// Limit is how many conversations, and messages of each, are asked for: the documented default.
const Limit = 30

// Client calls one app. Copies share their connections; it is safe for concurrent use.
type Client struct {
	Endpoints
	variation
	http    *http.Client
	timeout time.Duration
}

// New returns a client that carries the app's credentials.
func New(endpoints Endpoints, clientID, clientSecret string) (Client, error) {
	if clientID == "" || strings.Contains(clientID, ":") || clientSecret == "" {
		return Client{}, errors.New("the app's client id and client secret are needed, and the id may have no colon")
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
	return Client{
		Endpoints: endpoints, timeout: callTimeout,
		variation: variation{authorization: basic(clientID, clientSecret)},
		http: &http.Client{
			Transport: transport,
			// A redirect would hand the credentials to whomever it names.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Over returns a client whose calls go over what wrap makes of its transport.
func (c Client) Over(wrap func(http.RoundTripper) http.RoundTripper) Client {
	if c.http != nil {
		over := *c.http
		over.Transport = wrap(over.Transport)
		c.http = &over
	}
	return c
}

// Format keeps the credentials out of every log.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "providercall.Client") }

// Close closes idle connections.
func (c Client) Close() { c.http.CloseIdleConnections() }

// The variables of the document's paths, and of a manifest's URLs.
const (
	channelVar, conversationVar = "providerChannelId", "sourceConversationId"
	messageVar, senderVar       = "sourceMessageId", "senderId"
)

// GetConversations asks for a page of conversations; a limit of 0 and an empty cursor are not sent.
// As with all calls, an error means that no whole answer came; the Answer then still says what was asked.
func (c Client) GetConversations(ctx context.Context, channel string, conversations, messages int, after string) (Answer, error) {
	return c.send(ctx, call{
		endpoint: GetConversations, values: values{channelVar: channel},
		query: []parameter{{"conversations_limit", limit(conversations)}, {"messages_limit", limit(messages)}, {"after", after}},
	})
}

// GetConversationByID asks for a conversation with a page of its messages.
func (c Client) GetConversationByID(ctx context.Context, channel, conversation string, messages int, after string) (Answer, error) {
	return c.send(ctx, call{
		endpoint: GetConversationByID, values: values{channelVar: channel, conversationVar: conversation},
		query: []parameter{{"after", after}, {"messages_limit", limit(messages)}},
	})
}

func limit(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// GetMessageByID asks for a message.
func (c Client) GetMessageByID(ctx context.Context, channel, conversation, message string) (Answer, error) {
	return c.send(ctx, call{endpoint: GetMessageByID, values: values{channelVar: channel, conversationVar: conversation, messageVar: message}})
}

// GetSenderByID asks for a participant.
func (c Client) GetSenderByID(ctx context.Context, channel, sender string) (Answer, error) {
	return c.send(ctx, call{endpoint: GetSenderByID, values: values{channelVar: channel, senderVar: sender}})
}

// GetTemplates asks for the templates.
func (c Client) GetTemplates(ctx context.Context, channel string) (Answer, error) {
	return c.send(ctx, call{endpoint: GetTemplates, values: values{channelVar: channel}})
}

// DeleteChannelByID says that a channel was removed.
func (c Client) DeleteChannelByID(ctx context.Context, channel string) (Answer, error) {
	return c.send(ctx, call{endpoint: DeleteChannelByID, values: values{channelVar: channel}})
}

// PostMessage sends the app a message.
func (c Client) PostMessage(ctx context.Context, channel string, form Form) (Answer, error) {
	body, contentType, err := form.encode()
	if err != nil {
		return Answer{Endpoint: PostMessage}, err
	}
	if c.form != nil {
		body, contentType = []byte(c.form.body), c.form.contentType
	}
	return c.send(ctx, call{endpoint: PostMessage, values: values{channelVar: channel}, body: body, contentType: contentType})
}
