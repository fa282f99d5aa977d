// The recorder: it plays the calls of the corpus, and writes down what answers them.
package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/tests/recordings"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// session is one run of the recorder.
type session struct {
	baseURL string
	dir     string            // made by recordAll; nothing in it is ever overwritten
	tokens  map[string]string // the credentials behind the placeholders; empty: not at hand
	pace    time.Duration     // between two requests

	origin recordings.Origin
	scrub  *scrubber
}

// report tells what came of a run.
type report struct {
	written map[string]string // the new recording's name, by that of the one it was played from
	left    []string          // what was not recorded, and why
}

// recordAll records whatever of the corpus a service can be brought to.
func (s *session) recordAll(ctx context.Context, corpus []*recordings.Recording) (report, error) {
	done := report{written: map[string]string{}}
	var err error
	if s.origin, err = originOf(s.baseURL); err != nil {
		return done, err
	}
	if s.tokens[recordings.AccessToken] == "" {
		return done, errors.New("there is no access token: set PIPEDRIVE_ACCESS_TOKEN")
	}
	if s.scrub == nil {
		if s.scrub, err = newScrubber(s.baseURL, s.tokens); err != nil {
			return done, err
		}
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return done, err
	}
	played := map[string]string{}
	for _, r := range corpus {
		what := fmt.Sprint(r.Call, r.Request.Header, r.Given.After)
		reason := s.unplayable(r)
		if twin := played[what]; reason == "" && twin != "" {
			reason = "it is the same call as that of " + twin
		}
		if reason != "" {
			done.left = append(done.left, r.Name+": "+reason)
			continue
		}
		played[what] = r.Name
		name, err := s.record(ctx, r, corpus)
		if err != nil {
			done.left = append(done.left, r.Name+": "+err.Error())
			continue
		}
		done.written[r.Name] = name
	}
	return done, ctx.Err()
}

func (s *session) unplayable(r *recordings.Recording) string {
	switch {
	case r.Call == "":
		return "it has no call"
	case r.Given.Fault != "" || r.Given.Limit != "":
		return "no service can be brought to its given state"
	case s.credential(r) == nil:
		return "its credential is not in the environment"
	default:
		return ""
	}
}

// record plays one recording after those it builds on, on a channel of its own, and takes
// that channel away again.
func (s *session) record(ctx context.Context, r *recordings.Recording, corpus []*recordings.Recording) (string, error) {
	// Ids and names that nobody else has: whatever the account holds is not touched.
	suffix := "-" + rand.Text()[:12]
	defer s.cleanUp(context.WithoutCancel(ctx), suffix, r)
	if err := s.prepare(ctx, r, corpus, suffix); err != nil {
		return "", err
	}
	client, tap, err := s.client(r)
	if err != nil {
		return "", err
	}
	switch got, err := play(ctx, client, own(r.Call, suffix)); {
	case err != nil:
		return "", err
	case tap.last == nil:
		return "", fmt.Errorf("nothing answered: %s", s.scrub.text(got))
	case tap.last.status == http.StatusTooManyRequests:
		return "", errors.New("a limit is used up: wait until it is free, and record again")
	}
	recorded := s.recording(r, tap.last.without(suffix))
	if recorded.Result, err = replayed(ctx, recorded); err != nil {
		return "", err
	}
	text := recorded.Format()
	if err := s.scrub.leak(text); err != nil {
		return "", err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, recorded.Name+".txtar"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	if _, err := file.Write(text); err != nil {
		_ = file.Close()
		return "", err
	}
	return recorded.Name, file.Close()
}

// prepare plays the recordings that r builds on.
func (s *session) prepare(ctx context.Context, r *recordings.Recording, corpus []*recordings.Recording, suffix string) error {
	for _, name := range r.Given.After {
		i := slices.IndexFunc(corpus, func(r *recordings.Recording) bool { return r.Name == name })
		client, _, err := s.client(corpus[i])
		if err != nil {
			return err
		}
		switch got, err := play(ctx, client, own(corpus[i].Call, suffix)); {
		case err != nil:
			return err
		case strings.HasPrefix(got, "error"):
			return fmt.Errorf("%s, which has to come before, failed: %s", name, s.scrub.text(got))
		}
	}
	return nil
}

// recording makes a recording of an exchange, but for its result.
func (s *session) recording(r *recordings.Recording, x exchange) *recordings.Recording {
	rest := strings.TrimPrefix(r.Name, fmt.Sprintf("%s-%d", r.Operation, r.Response.Status))
	request, response := s.scrub.exchange(r, x)
	return &recordings.Recording{
		Name:      fmt.Sprintf("%s-%d%s-%s", r.Operation, x.status, rest, s.origin),
		Summary:   "What answered the call of " + r.Name + ". The result is what the client made of it: read it\nagainst the reference before this file joins the corpus.",
		Operation: r.Operation, Origin: s.origin, Given: r.Given,
		Source: "recorded on " + time.Now().UTC().Format(time.DateOnly),
		Call:   r.Call, Request: request, Response: response,
	}
}

// replayed is the result of a recording: what the client makes of the answer as it stands
// in the file, so that nothing gets in that was taken out of the answer.
func replayed(ctx context.Context, r *recordings.Recording) (string, error) {
	replay := &recordings.Replayer{Answer: r.Response}
	client, err := clientFor(r, "http://127.0.0.1", replay.Transport())
	if err != nil {
		return "", err
	}
	return play(ctx, client, r.Call)
}

// cleanUp deletes the channel that a recording has registered, if it has and if it is still there.
func (s *session) cleanUp(ctx context.Context, suffix string, r *recordings.Recording) {
	client, _, err := s.client(&recordings.Recording{Request: recordings.Request{
		Header: http.Header{"Authorization": {"Bearer " + recordings.AccessToken}},
	}})
	if id := channelID.FindStringSubmatch(r.Call); err == nil && id != nil {
		_ = client.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: id[1] + suffix})
	}
}

var channelID = regexp.MustCompile(`"ProviderChannelID": "(.*)"`)

var identifying = regexp.MustCompile(`"(?:ProviderChannelID|Name)": "(?:[^"\\]|\\.)*`)

// own gives the channel in a call an id and a name that only this recording has.
func own(call, suffix string) string {
	return identifying.ReplaceAllString(call, "${0}"+suffix)
}

// client returns a client of the service with the credential that stands in a recording,
// and what listens to it.
func (s *session) client(r *recordings.Recording) (*channels.Client, *wiretap, error) {
	tap := &wiretap{base: http.DefaultTransport, pace: s.pace}
	client, err := channels.NewClient(*s.credential(r), channels.WithBaseURL(s.baseURL), channels.WithHTTPClient(&http.Client{Transport: tap}))
	return client, tap, err
}

// credential returns what the placeholder in a recording stands for; nil if that is not at
// hand. A token that is no placeholder is a wrong one, and used as it is.
func (s *session) credential(r *recordings.Recording) *channels.Credential {
	var credential channels.Credential
	if token, ok := strings.CutPrefix(r.Request.Header.Get("Authorization"), "Bearer "); ok {
		if token = s.token(token); token == "" {
			return nil
		}
		credential = channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
	} else {
		token := s.token(r.Request.Header.Get("X-Api-Token"))
		if token == "" {
			return nil
		}
		credential = channels.APIToken(token)
	}
	return &credential
}

func (s *session) token(placeholder string) string {
	if token, ok := s.tokens[placeholder]; ok {
		return token
	}
	return placeholder
}
