// The calls on an app: built by the generated client, sent to the app's own URLs only.

package providercall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
)

// Our choice: a call takes 10 seconds at most, and no more than 8 MiB of an answer are read.
const (
	callTimeout = 10 * time.Second
	maxAnswer   = 8 << 20
)

// Limit is how many conversations, and messages of each, are asked for: the documented default.
const Limit = 30

// Client calls one app. Copies share their connections; it may be used by several goroutines.
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

// Format keeps the credentials out of every log.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "app.Client") }

// Close gives up idle connections.
func (c Client) Close() { c.http.CloseIdleConnections() }

// Answer is what an app answered.
type Answer struct {
	Endpoint    string // its name in a manifest
	Method, URL string // of the request
	Status      int
	ContentType string
	Location    string // of a redirect, which was not followed
	Body        []byte
}

// TooLong tells that the answer had more bytes than are read.
func (a Answer) TooLong() bool { return len(a.Body) > maxAnswer }

type values = map[string]string

const (
	channelVar, conversationVar = "providerChannelId", "sourceConversationId"
	messageVar, senderVar       = "sourceMessageId", "senderId"

	// The generated builders want a server; send puts the app's own URL in its place.
	nowhere = "http://app.invalid"
)

// GetConversations asks for a page of conversations; a limit of 0 is not sent. As with all calls,
// the error is of a request that was not answered in full; the answer then tells what was asked.
func (c Client) GetConversations(ctx context.Context, channel string, conversations, messages int, after string) (Answer, error) {
	req, err := providerclient.NewGetConversationsRequest(nowhere, channel, &providerclient.GetConversationsParams{
		ConversationsLimit: limit(conversations), MessagesLimit: limit(messages), After: after,
	})
	return c.send(ctx, GetConversations, values{channelVar: channel}, req, err)
}

// GetConversationByID asks for a conversation with a page of its messages.
func (c Client) GetConversationByID(ctx context.Context, channel, conversation string, messages int, after string) (Answer, error) {
	req, err := providerclient.NewGetConversationByIDRequest(nowhere, channel, conversation, &providerclient.GetConversationByIDParams{
		MessagesLimit: limit(messages), After: after,
	})
	return c.send(ctx, GetConversationByID, values{channelVar: channel, conversationVar: conversation}, req, err)
}

func limit(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// GetMessageByID asks for a message.
func (c Client) GetMessageByID(ctx context.Context, channel, conversation, message string) (Answer, error) {
	req, err := providerclient.NewGetMessageByIDRequest(nowhere, channel, conversation, message)
	return c.send(ctx, GetMessageByID, values{channelVar: channel, conversationVar: conversation, messageVar: message}, req, err)
}

// GetSenderByID asks for a participant.
func (c Client) GetSenderByID(ctx context.Context, channel, sender string) (Answer, error) {
	req, err := providerclient.NewGetSenderByIDRequest(nowhere, channel, sender)
	return c.send(ctx, GetSenderByID, values{channelVar: channel, senderVar: sender}, req, err)
}

// GetTemplates asks for the templates.
func (c Client) GetTemplates(ctx context.Context, channel string) (Answer, error) {
	req, err := providerclient.NewGetTemplatesRequest(nowhere, channel)
	return c.send(ctx, GetTemplates, values{channelVar: channel}, req, err)
}

// DeleteChannelByID tells of a channel that was removed.
func (c Client) DeleteChannelByID(ctx context.Context, channel string) (Answer, error) {
	req, err := providerclient.NewDeleteChannelByIDRequest(nowhere, channel)
	return c.send(ctx, DeleteChannelByID, values{channelVar: channel}, req, err)
}

// PostMessage hands a message over.
func (c Client) PostMessage(ctx context.Context, channel string, form Form) (Answer, error) {
	body, contentType, err := form.encode()
	if err != nil {
		return Answer{Endpoint: PostMessage}, err
	}
	req, err := providerclient.NewPostMessageRequestWithBody(nowhere, channel, contentType, body)
	return c.send(ctx, PostMessage, values{channelVar: channel}, req, err)
}

// send makes a request of the generated code one of this app, and reads the answer.
func (c Client) send(ctx context.Context, endpoint string, v values, req *http.Request, err error) (Answer, error) {
	out := Answer{Endpoint: endpoint}
	if err != nil {
		return out, err
	}
	target, err := c.fill(endpoint, v, c.dots)
	if err != nil {
		return out, err
	}
	if c.query != "" {
		req.URL.RawQuery = c.query
	}
	if c.method != "" {
		req.Method = c.method
	}
	if c.below != "" {
		target = target.JoinPath(c.below)
	}
	// The generated code sends an empty cursor, which the document has absent.
	for part := range strings.SplitSeq(req.URL.RawQuery, "&") {
		if name, value, _ := strings.Cut(part, "="); name != "" && value != "" {
			target.RawQuery = strings.TrimPrefix(target.RawQuery+"&"+part, "&")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req = req.WithContext(ctx)
	req.URL, req.Host = target, target.Host
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "pdchannels")
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	out.Method, out.URL = req.Method, target.String()
	resp, err := c.http.Do(req) //nolint:gosec // the host is that of the configured endpoint; values are escaped into its path
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // the URL is in the answer already
		}
		return out, err
	}
	defer func() { _ = resp.Body.Close() }()
	out.Status, out.ContentType, out.Location = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location")
	if out.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return out, fmt.Errorf("its answer broke off: %w", err)
	}
	if out.TooLong() {
		return out, fmt.Errorf("its answer is longer than %d bytes", maxAnswer)
	}
	return out, nil
}
