package auth

// This file serves Pipedrive's own call of the callback URL: DELETE, after a user uninstalled the app.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxUninstall bounds the body, which has four short fields.
const maxUninstall = 16 << 10

// serveUninstall forgets an installation. Pipedrive does not read the answer; it helps in tests.
func (a *App) serveUninstall(w http.ResponseWriter, r *http.Request) {
	if !a.isPipedrive(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="uninstall"`)
		http.Error(w, "the client id and secret of the app are needed", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUninstall))
	if err != nil {
		http.Error(w, "the body cannot be read, or is longer than 16 KiB", http.StatusRequestEntityTooLarge)
		return
	}
	in, at, err := a.parseUninstall(body)
	if err != nil {
		a.warn(r, in, "the uninstall callback", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// The uninstall is carried out even if the caller leaves.
	ctx, cancel := withRunningTimeout(context.WithoutCancel(r.Context()), workTimeout)
	defer cancel()
	if err := a.uninstalled(ctx, in, at); err != nil {
		a.warn(r, in, "the uninstall callback", err)
		http.Error(w, "the uninstall could not be carried out", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// isPipedrive always compares both digests, which have one length, so that the time it takes
// reveals nothing.
func (a *App) isPipedrive(r *http.Request) bool {
	id, secret, _ := r.BasicAuth() // empty if missing, as no app's are
	gotID, gotSecret := sha256.Sum256([]byte(id)), sha256.Sum256([]byte(secret))
	wantID, wantSecret := sha256.Sum256([]byte(a.config.ClientID)), sha256.Sum256([]byte(a.config.ClientSecret.Reveal()))
	return subtle.ConstantTimeCompare(gotID[:], wantID[:])&subtle.ConstantTimeCompare(gotSecret[:], wantSecret[:]) == 1
}

// parseUninstall reads who uninstalled the app, and when. The time is zero if it is missing or in
// an unknown format: none is documented.
func (a *App) parseUninstall(body []byte) (in Installation, at time.Time, err error) {
	var call struct {
		ClientID  string `json:"client_id"`
		CompanyID id     `json:"company_id"`
		UserID    id     `json:"user_id"`
		Timestamp any    `json:"timestamp"`
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte(byteOrderMark))))
	d.UseNumber()
	if d.Decode(&call) != nil {
		return in, at, errors.New("the body is not an object with client_id, company_id, user_id and timestamp")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return in, at, errors.New("the body goes on after its object")
	}
	in = Installation{CompanyID: int64(call.CompanyID), UserID: int64(call.UserID)}
	if call.ClientID != a.config.ClientID {
		return in, at, errors.New("the client_id is that of another app")
	}
	return in, parseTimestamp(call.Timestamp), in.check()
}

// An id is read from a number or from a string of digits.
type id int64

func (i *id) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	*i = id(n)
	return err
}

// parseTimestamp reads RFC 3339, the API's own format in UTC, and seconds or milliseconds since
// 1970, as a number or a string.
func parseTimestamp(v any) time.Time {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	for _, layout := range []string{time.RFC3339, time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return time.Time{}
	case n > 1e11: // milliseconds: as seconds this would be after the year 5000
		return time.UnixMilli(n)
	default:
		return time.Unix(n, 0)
	}
}

// uninstalled forgets the tokens, unless the install is newer than the uninstall, and calls the
// hook if there were any.
func (a *App) uninstalled(ctx context.Context, in Installation, at time.Time) error {
	err := a.TokenSource(in).change(ctx, func(_ context.Context, g *grant) error {
		if !g.installed() {
			return ErrNotInstalled
		}
		// Both times are Pipedrive's. Either may be in whole seconds.
		if !at.IsZero() && at.Before(g.InstalledAt.Truncate(time.Second)) {
			return fmt.Errorf("%w: %v uninstalled the app at %s, but installed it again at %s",
				errPassedOver, in, at.UTC().Format(time.RFC3339), g.InstalledAt.UTC().Format(time.RFC3339))
		}
		g.uninstall(time.Now())
		return nil
	})
	switch {
	case errors.Is(err, ErrNotInstalled): // called again, or for nobody
		return nil
	case errors.Is(err, errPassedOver):
		a.config.Warn(ctx, in, fmt.Errorf("auth: the uninstall callback: %w", err))
		return nil
	case err == nil && a.config.Uninstalled != nil:
		return a.config.Uninstalled(ctx, in)
	}
	return err
}

var errPassedOver = errors.New("the call was passed over")
