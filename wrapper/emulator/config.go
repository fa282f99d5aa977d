// The settings of an emulator, and what they are if left out.

package emulator

import (
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
	// Users are the users of the company. The first one installed the app, and owns the
	// installation. Empty: an admin with id 1, and user 2, who is no admin.
	Users []User

	// ClientID and ClientSecret are those of the app. Empty: random ones.
	ClientID     string
	ClientSecret Secret

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

// User is a user of the emulated company.
type User struct {
	ID    int64 // above zero; what addChannel answers as pd_user_id
	Admin bool  // only admins may add channels

	AccessToken Secret // an OAuth access token that does not expire; empty: random
	APIToken    Secret // for the header x-api-token; empty: random
}

// Secret is a credential of the emulator. fmt, log/slog and encoding/json never show
// its text; string(secret) is the text.
type Secret string

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
	if c.ClientID == "" {
		c.ClientID = "emulator-client-" + rand.Text()
	}
	if c.ClientSecret == "" {
		c.ClientSecret = Secret("emulator-secret-" + rand.Text())
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
	taken := map[Secret]bool{}
	ids := map[int64]bool{}
	for i := range c.Users {
		u := &c.Users[i]
		if u.ID <= 0 || ids[u.ID] {
			return c, fmt.Errorf("Users[%d].ID is %d: it must be above zero, and no other user's", i, u.ID)
		}
		ids[u.ID] = true
		if u.AccessToken == "" {
			u.AccessToken = Secret("emulator-access-" + rand.Text())
		}
		if u.APIToken == "" {
			u.APIToken = Secret("emulator-api-" + rand.Text())
		}
		for _, token := range []Secret{u.AccessToken, u.APIToken} {
			if strings.ContainsFunc(string(token), func(r rune) bool { return r <= ' ' || r > '~' }) {
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
