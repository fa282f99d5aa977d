// The settings of an emulator, and what they are if left out.

package emulator

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Config sets an emulator up. The zero value works.
type Config struct {
	// Users are the users of the company. The first one owns what is the owner's alone, such as
	// deleting conversations, whoever installs the app by OAuth later. Empty: an admin with
	// id 1, and user 2, who is no admin.
	Users []User

	// ClientID and ClientSecret are those of the app. Empty: random ones.
	ClientID     string
	ClientSecret Secret

	// RedirectURLs are the callback URLs that are registered for the app, compared character by
	// character; uninstall calls go there as well. Empty: any http URL on loopback.
	RedirectURLs []string

	// RefreshMode says what becomes of a refresh token that is used. Empty: RotatingRefresh.
	RefreshMode RefreshMode

	// AccessTokenLifetime is how long an access token from the token endpoint lives, in whole
	// seconds. Zero: an hour.
	AccessTokenLifetime time.Duration

	// BurstLimit is how many requests the installation may make in any 2 seconds.
	// Zero: 80, the limit of the smallest plan.
	BurstLimit int

	// DailyBudget is how many tokens the company may spend in a day; what a call costs
	// stands in the API's document, 10 for a message. Zero: 30,000, one seat of the
	// smallest plan.
	DailyBudget int

	// Strict refuses what any published source refuses, instead of accepting what any of
	// them allows.
	Strict bool

	// Provider is where the app is that the emulator calls back. The zero value: nowhere, and it
	// calls nobody.
	Provider Provider

	// Clock tells the time; it may be called from several goroutines at once. Nil: time.Now.
	Clock func() time.Time

	// Logger gets a line for every answer (Info), and for everything accepted that Strict
	// would refuse (Warn). No line holds a body or a credential. Nil: nothing is logged.
	Logger *slog.Logger
}

// RefreshMode says what becomes of a refresh token that is used. Pipedrive's pages disagree,
// so an app has to live with both.
type RefreshMode string

const (
	// RotatingRefresh: a new one comes back, and the old one is invalid, as already exchanged.
	RotatingRefresh RefreshMode = "rotating"
	// RepeatingRefresh: the same one comes back.
	RepeatingRefresh RefreshMode = "repeating"
)

// User is a user of the emulated company.
type User struct {
	ID    int64  // above zero; what addChannel answers as pd_user_id
	Name  string // shown on pages; empty: "User" and the id
	Admin bool   // only admins may add channels

	AccessToken Secret // an OAuth access token that does not expire; empty: random
	APIToken    Secret // for the header x-api-token; empty: random
}

// Secret is a credential of the emulator: make one with [NewSecret]. fmt, log/slog and
// encoding/json never show its text, wherever it stands; the zero Secret is empty.
type Secret struct {
	text *string // behind a pointer: fmt prints the unexported fields of a struct in a struct, but follows no pointer there
}

// NewSecret returns a Secret with the text.
func NewSecret(text string) Secret { return Secret{&text} }

// Text is the text.
func (s Secret) Text() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

const redacted = "[redacted]"

// Format writes a placeholder, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// complete returns the configuration with everything filled in that was left out.
func (c Config) complete() (Config, error) {
	if c.BurstLimit < 0 || c.DailyBudget < 0 {
		return c, errors.New("BurstLimit and DailyBudget must not be negative")
	}
	if c.BurstLimit == 0 {
		c.BurstLimit = 80
	}
	if c.DailyBudget == 0 {
		c.DailyBudget = 30_000
	}
	if c.AccessTokenLifetime < 0 || c.AccessTokenLifetime%time.Second != 0 {
		return c, fmt.Errorf("AccessTokenLifetime is %v: it must be whole seconds above zero, as expires_in tells it", c.AccessTokenLifetime)
	}
	if c.AccessTokenLifetime == 0 {
		c.AccessTokenLifetime = time.Hour
	}
	if c.RefreshMode == "" {
		c.RefreshMode = RotatingRefresh
	}
	if c.RefreshMode != RotatingRefresh && c.RefreshMode != RepeatingRefresh {
		return c, fmt.Errorf("RefreshMode is %q: it must be %q or %q", c.RefreshMode, RotatingRefresh, RepeatingRefresh)
	}
	c.RedirectURLs = slices.Clone(c.RedirectURLs)
	for i, redirectURL := range c.RedirectURLs {
		if _, err := callbackURL(redirectURL); err != nil {
			return c, fmt.Errorf("RedirectURLs[%d] cannot be used: %w", i, err)
		}
	}
	if c.ClientID == "" {
		c.ClientID = "emulator-client-" + rand.Text()
	}
	if c.ClientSecret.Text() == "" {
		c.ClientSecret = NewSecret("emulator-secret-" + rand.Text())
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Users = slices.Clone(c.Users)
	if len(c.Users) == 0 {
		c.Users = []User{{ID: 1, Admin: true}, {ID: 2}}
	}
	taken := map[string]bool{}
	ids := map[int64]bool{}
	for i := range c.Users {
		u := &c.Users[i]
		if u.ID <= 0 || ids[u.ID] {
			return c, fmt.Errorf("Users[%d].ID is %d: it must be above zero, and no other user's", i, u.ID)
		}
		ids[u.ID] = true
		u.Name = cmp.Or(u.Name, fmt.Sprintf("User %d", u.ID))
		if u.AccessToken.Text() == "" {
			u.AccessToken = NewSecret("emulator-access-" + rand.Text())
		}
		if u.APIToken.Text() == "" {
			u.APIToken = NewSecret("emulator-api-" + rand.Text())
		}
		for _, token := range []string{u.AccessToken.Text(), u.APIToken.Text()} {
			if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return c, fmt.Errorf("a header cannot carry a token of Users[%d]: use printable ASCII without spaces", i)
			}
			if taken[token] {
				return c, fmt.Errorf("a token of Users[%d] is in use already: every AccessToken and APIToken must be different", i)
			}
			taken[token] = true
		}
	}
	return c, nil
}
