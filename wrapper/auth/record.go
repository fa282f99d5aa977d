package auth

// This file defines the format of a Record: JSON that older and newer versions of this package share.

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// recordFormat rises when an older version of this package would damage a newer record. A new
// field alone does not: members that this version does not know are kept.
const recordFormat = 1

// A grant is what is known of one installation: a decoded Record.
type grant struct {
	FormatVersion int    `json:"format"`
	ClientID      string `json:"client_id"`
	// Generation rises with each pair of tokens, and with each install and uninstall, so that
	// of two grants the newer is known whatever the clocks of their hosts say.
	Generation   int64     `json:"generation"`
	CompanyID    int64     `json:"company_id"`
	UserID       int64     `json:"user_id"`
	APIDomain    string    `json:"api_domain"`
	Scope        string    `json:"scope,omitempty"`
	AccessToken  Secret    `json:"-"` // written by storedGrant
	RefreshToken Secret    `json:"-"`
	ObtainedAt   time.Time `json:"obtained_at,omitzero"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
	// InstalledAt is by the server's clock, as the time of an uninstall call is.
	InstalledAt time.Time `json:"installed_at,omitzero"`
	// PendingSince is set while a refresh is under way, and stays set if its process dies.
	PendingSince time.Time `json:"refresh_pending_since,omitzero"`
	// RefusedAt is when the server refused the refresh token. It keeps every process from asking again.
	RefusedAt     time.Time `json:"refused_at,omitzero"`
	UninstalledAt time.Time `json:"uninstalled_at,omitzero"`

	renewAt time.Time // when this process wants a new access token
}

// storedGrant is what is written of a grant: all of it, with the text of the tokens.
type storedGrant struct {
	grant
	Access  string `json:"access_token,omitempty"`
	Refresh string `json:"refresh_token,omitempty"`
}

var errDamaged = errors.New("the stored record is damaged")

// otherApps is the member of a record that holds the grants of further apps by client id: two apps
// may share a store, and be installed by the same user.
const otherApps = "other_apps"

// split returns all members of a record, and those of this app's grant: the same, unless another
// app wrote the record first. Both are nil if there is no record.
func (a *App) split(r Record) (all, own fields, err error) {
	if len(r) == 0 {
		return nil, nil, nil
	}
	// Errors of encoding/json quote what they stumble over; that might be a token.
	if json.Unmarshal(r, &all) != nil || all == nil {
		return nil, nil, fmt.Errorf("auth: %w: %d bytes that are not JSON as this package writes it; install anew", errDamaged, len(r))
	}
	if owner := all.text("client_id"); owner == "" || owner == a.config.ClientID {
		return all, all, nil
	}
	return all, jsonFields(jsonFields(all[otherApps])[a.config.ClientID]), nil
}

// decode reads this app's grant from a record. It returns nil without an error if there is none.
func (a *App) decode(r Record) (*grant, error) {
	_, own, err := a.split(r)
	if err != nil || own == nil {
		return nil, err
	}
	var stored storedGrant
	if text, err := json.Marshal(own); err != nil || json.Unmarshal(text, &stored) != nil {
		return nil, fmt.Errorf("auth: %w: a member is not as this package writes it; install anew", errDamaged)
	}
	g := &stored.grant
	if g.FormatVersion != recordFormat {
		return nil, fmt.Errorf("auth: the stored record has format %d and this version reads %d; use the version that wrote it, or a newer one", g.FormatVersion, recordFormat)
	}
	g.AccessToken, g.RefreshToken = NewSecret(stored.Access), NewSecret(stored.Refresh)
	g.schedule()
	return g, nil
}

// encode writes g into the record r, which keeps the grants of other apps and what a newer
// version added to this one.
func (a *App) encode(r Record, g *grant) (Record, error) {
	all, own, _ := a.split(r) // nil if it is damaged: nothing in it can be kept
	foreign := all != nil && all.text("client_id") != "" && all.text("client_id") != a.config.ClientID
	if own == nil {
		own = fields{}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[storedGrant]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		delete(own, name)
	}
	g.FormatVersion, g.ClientID = recordFormat, a.config.ClientID
	known, err := json.Marshal(storedGrant{*g, g.AccessToken.Reveal(), g.RefreshToken.Reveal()})
	if err == nil {
		err = json.Unmarshal(known, &own)
	}
	if err == nil && foreign {
		others := jsonFields(all[otherApps])
		if others == nil {
			others = fields{}
		}
		if others[a.config.ClientID], err = json.Marshal(own); err == nil {
			all[otherApps], err = json.Marshal(others)
		}
		own = all
	}
	if err != nil {
		return nil, fmt.Errorf("auth: the record of %v cannot be written", g.installation())
	}
	return json.Marshal(own)
}

// save writes g into the record that an Update began with.
func (a *App) save(save func(Record) error, r Record, g *grant) error {
	r, err := a.encode(r, g)
	if err != nil {
		return err
	}
	return save(r)
}

func (g *grant) installation() Installation { return Installation{g.CompanyID, g.UserID} }

// take stores the tokens of an answer to a request that was made at the given time.
func (g *grant) take(t tokens, asked time.Time) {
	g.Generation++
	g.AccessToken, g.RefreshToken = t.access, t.refresh
	g.ObtainedAt, g.ExpiresAt = asked, asked.Add(t.lifetime)
	g.PendingSince = time.Time{}
	g.schedule()
}

// schedule decides when to renew: three minutes before expiry, or a quarter of a short
// lifetime, and up to a quarter of that earlier still, so that the processes of an installation do
// not all ask at once.
func (g *grant) schedule() {
	early := min(3*time.Minute, max(0, g.ExpiresAt.Sub(g.ObtainedAt))/4)
	g.renewAt = g.ExpiresAt.Add(-early - rand.N(early/4+1)) //nolint:gosec // spreads load, guards nothing
}

// uninstall removes all credentials. What stays keeps a late refresh from bringing them back.
func (g *grant) uninstall(at time.Time) {
	*g = grant{
		Generation: g.Generation + 1, CompanyID: g.CompanyID, UserID: g.UserID,
		InstalledAt: g.InstalledAt, UninstalledAt: at,
	}
}

// installed reports whether there are tokens; g may be nil.
func (g *grant) installed() bool { return g != nil && g.RefreshToken.Reveal() != "" }

// fresh reports whether it is too early to renew the access token; g may be nil.
func (g *grant) fresh() bool { return g.installed() && time.Now().Before(g.renewAt) }

// valid reports whether the access token can be used for ten more seconds; g may be nil.
func (g *grant) valid() bool {
	return g.installed() && time.Now().Add(10*time.Second).Before(g.ExpiresAt)
}

// token returns the access token alone: nobody else needs the refresh token, and x/oauth2 would
// print it.
func (g *grant) token() *oauth2.Token {
	return &oauth2.Token{AccessToken: g.AccessToken.Reveal(), TokenType: "Bearer", Expiry: g.ExpiresAt}
}
