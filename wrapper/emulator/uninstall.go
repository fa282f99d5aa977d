// The uninstall call: the DELETE that tells an app that a user no longer has it.

package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// uninstallTimeout bounds the call, and so the goroutine that makes it; see [rule.UninstallOnce].
const uninstallTimeout = 5 * time.Second

type uninstallCall struct {
	ClientID  string `json:"client_id"`
	CompanyID int64  `json:"company_id"`
	UserID    int64  `json:"user_id"`
	Timestamp string `json:"timestamp"`
}

// Uninstall uninstalls the app of a user, as the user may do in Pipedrive: all tokens that the
// installation was given are dead, and the app is told by a DELETE on its callback URL. It
// returns once the app has answered, has not done so for 5 seconds, or ctx has ended; what the
// app answered is logged and not judged. It fails only if the user has not installed the app.
func (e *Emulator) Uninstall(ctx context.Context, userID int64) error {
	uninstalled := e.oauth.uninstallOf(userID)
	if uninstalled == nil {
		return fmt.Errorf("emulator: uninstalling the app of user %d: it is not installed", userID)
	}
	e.tell(ctx, uninstalled)
	return nil
}

func (o *oauth) uninstallOf(userID int64) *installation {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.installed(User{ID: userID})
	if i != nil {
		o.uninstall(i)
	}
	return i
}

// tellLater tells the app without waiting for its answer: it may have asked for the
// uninstall itself, and hold a lock meanwhile. Serve waits for what is under way.
func (e *Emulator) tellLater(ctx context.Context, i *installation) {
	ctx = context.WithoutCancel(ctx)
	e.uninstalls.Go(func() { e.tell(ctx, i) })
}

// tell calls the URL that the installation's code went to, which was judged when it did.
func (e *Emulator) tell(ctx context.Context, i *installation) {
	ctx, cancel := context.WithTimeout(ctx, uninstallTimeout)
	defer cancel()
	x := e.exchanges.Begin(emulatorserver.Out, i.endedBy)
	x.Operation, x.UserID = "uninstall", i.user.ID
	x.Decided(rule.UninstallCall, rule.UninstallOnce)
	defer e.exchanges.Finish(x)
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	log := e.cfg.Logger.With("user_id", i.user.ID)
	body, err := json.Marshal(uninstallCall{
		ClientID:  e.cfg.ClientID,
		CompanyID: companyID,
		UserID:    i.user.ID,
		// Our choice: RFC 3339 with milliseconds, UTC; the documentation names no form.
		Timestamp: e.cfg.Clock().UTC().Format(messageLayout),
	})
	if err != nil {
		log.ErrorContext(ctx, "the uninstall call could not be written", "error", err)
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, i.redirectURL, bytes.NewReader(body))
	if err != nil {
		log.ErrorContext(ctx, "the uninstall call could not be written", "error", err)
		return
	}
	r.SetBasicAuth(e.cfg.ClientID, e.cfg.ClientSecret.Reveal())
	r.Header.Set("Content-Type", "application/json")
	resp, err := e.outside.RoundTrip(r) // the transport itself: it follows no redirect
	if err != nil {
		x.Reason = err.Error()
		log.WarnContext(ctx, "the app did not answer the uninstall call", "error", err)
		return
	}
	_ = resp.Body.Close() // the answer is not read
	log.InfoContext(ctx, "the app was told that it is uninstalled", "status", resp.StatusCode)
}

// newOutside makes what calls the app. It keeps no connection, and so no goroutine, and
// takes no proxy from the environment.
func newOutside() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true}
}
