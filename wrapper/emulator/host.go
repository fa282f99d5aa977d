// Under which names the emulator answers: one list for the Host header and for Origin.

package emulator

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// ownHost tells whether a request names the emulator by a name or an address that is its own. A
// page whose own name was made to resolve to the emulator (DNS rebinding) does not.
func (e *Emulator) ownHost(r *http.Request) bool {
	host := withoutPort(r.Host)
	return trust.IsLoopback(host) || isLocalAddress(r, host) || e.allows(host)
}

// allows tells whether a name is allowed beside loopback: one of Config.AllowHosts, or, once the
// emulator listens off loopback, a name without a dot, as containers have. Nobody on the internet
// can own one of those.
func (e *Emulator) allows(host string) bool {
	host = strings.ToLower(host)
	return e.allowed[host] || e.exposed.Load() && host != "" && !strings.ContainsAny(host, ".:")
}

func isLocalAddress(r *http.Request, host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	listening, err := netip.ParseAddrPort(local.String())
	return err == nil && listening.Addr().Unmap() == ip.Unmap()
}

// originHost is the name of the page that a browser sends a request for; empty if there is none.
func originHost(r *http.Request) string {
	u, err := url.Parse(r.Header.Get("Origin"))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// serveHealth answers /livez and /readyz: an emulator that answers is ready.
func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// needsPassword tells whether a path is the emulator's own, and not only for health checks. The page
// of /oauth/authorize is open, since what it leads to goes to the app alone.
func needsPassword(path string) bool {
	return isOwn(path) && path != "/livez" && path != "/readyz" || path == marketplacePath || strings.HasPrefix(path, marketplacePath+"/")
}

// mayLook tells whether a request may see and control the emulator: not from a page of another site, and off
// loopback only with the password. If it may not, mayLook has answered.
func (e *Emulator) mayLook(w *recorder, r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		writeJSON(w, http.StatusForbidden, listed(codeWrongOrigin, "a page of another site may not look at the emulator"))
		return false
	}
	r.Body = http.MaxBytesReader(w.ResponseWriter, r.Body, maxControl)
	if !e.exposed.Load() && !e.cfg.askPassword {
		return true
	}
	_, password, _ := r.BasicAuth()
	got, want := digestOf(password), digestOf(e.cfg.Password.Reveal())
	if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="the emulator; any user name", charset="UTF-8"`)
	refuse(w, http.StatusUnauthorized, "the emulator's password is needed, with any user name")
	return false
}

// Password opens the pages and the control off loopback.
func (e *Emulator) Password() string { return e.cfg.Password.Reveal() }
