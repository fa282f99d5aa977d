// Links that expire are tested by HEAD, as Pipedrive does. An app's answers may name any
// host, so where a HEAD goes is bounded.

package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// head is what a HEAD came to.
type head string

const (
	headNone  head = ""
	headAlive head = "alive"
	headDead  head = "dead"
)

// links sends HEADs: over https to public addresses and to the app's own hosts, and to this
// machine only if the app is on it. There are no credentials, no cookies and no proxy in them,
// and no redirect is followed.
type links struct {
	hosts    []string // of the app, each with its port
	loopback bool     // the app is on this machine
	client   *http.Client
}

type ownHost struct{}

func newLinks(hosts []string, timeout time.Duration) *links {
	l := &links{hosts: hosts}
	for _, host := range hosts {
		u := url.URL{Host: host}
		l.loopback = l.loopback || trust.IsLoopback(u.Hostname())
	}
	dialer := &net.Dialer{ControlContext: func(ctx context.Context, _, address string, _ syscall.RawConn) error {
		own, _ := ctx.Value(ownHost{}).(bool)
		return l.mayDial(address, own)
	}}
	l.client = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:       dialer.DialContext,
			DisableKeepAlives: true, // a connection would outlive the question of who may use it
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return l
}

var errPrivate = errors.New("it leads into a private network")

// mayDial judges an address that a name resolved to.
func (l *links) mayDial(address string, own bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	switch ip := at.Addr().Unmap(); {
	case own, l.loopback && ip.IsLoopback():
		return nil
	case !ip.IsGlobalUnicast(), ip.IsPrivate(), slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) }):
		return errPrivate
	default:
		return nil
	}
}

// reserved are addresses that belong to no public host, and that netip has no word for.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("2002::/16"),
}

// target tells whether a link may be tested at all, and whether it is on a host of the app, or
// on this machine beside it.
func (l *links) target(link string) (own bool, err error) {
	u, err := url.Parse(link)
	if err != nil {
		return false, errors.New("it is no URL")
	}
	own = l.isApp(link) || l.loopback && trust.IsLoopback(u.Hostname())
	switch {
	case u.Hostname() == "":
		return false, errors.New("it has no host")
	case u.User != nil:
		return false, errors.New("it carries credentials")
	case u.Scheme != "https" && (u.Scheme != "http" || !l.loopback || !trust.IsLoopback(u.Hostname())):
		return false, errors.New("it is not https")
	}
	return own, nil
}

// isApp tells whether a link is on a host of the app.
func (l *links) isApp(link string) bool {
	u, err := url.Parse(link)
	return err == nil && slices.Contains(l.hosts, u.Host)
}

// head tests a link, once, and notes the exchange. What cannot be told is a risk, and headNone.
func (r *run) head(ctx context.Context, a answer, where, link string) head {
	if link == "" || r.over(ctx) {
		return headNone
	}
	if known, ok := r.heads[link]; ok {
		return known
	}
	r.heads[link] = headNone
	own, err := r.links.target(link)
	if err != nil {
		r.risk(a, "link-untested", where, "the link %q was not tested: %v", link, err)
		return headNone
	}
	r.cfg.Progress(r.check.Title, r.report.Calls)
	start := time.Now()
	status, err := r.links.send(context.WithValue(ctx, ownHost{}, own), link)
	x := Exchange{Endpoint: "link", Method: http.MethodHead, URL: r.hide.text(link), Credentials: "none", StatusCode: status, Milliseconds: time.Since(start).Milliseconds()}
	if err != nil {
		x.Error = r.hide.text(err.Error())
	}
	r.check.Exchanges = append(r.check.Exchanges, x)
	r.report.Calls++
	switch {
	case ctx.Err() != nil:
	case err != nil && isDown(err) && r.links.isApp(link):
		r.down(x.Error)
	case err != nil && own: // what serves the app itself can be reached
		r.heads[link] = headDead
	case err != nil:
		r.risk(a, "link-untested", where, "the link %q was not tested: %v", link, err)
	case status >= 300 && status < 400:
		r.risk(a, "link-redirects", where, "the link %q is a redirect: whether Pipedrive follows it is not documented", link)
	case status >= 200 && status < 300:
		r.heads[link] = headAlive
	default:
		r.heads[link] = headDead
	}
	return r.heads[link]
}

func (l *links) send(ctx context.Context, link string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, link, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "pdchannels")
	resp, err := l.client.Do(req)
	switch wrapped := (*url.Error)(nil); {
	case errors.Is(err, errPrivate):
		return 0, errPrivate
	case errors.As(err, &wrapped) && wrapped.Timeout():
		return 0, fmt.Errorf("no answer within %v", l.client.Timeout)
	case errors.As(err, &wrapped):
		return 0, wrapped.Err
	case err != nil:
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
