// What the settings are if left out, and which of them cannot be served.

package emulator

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// complete returns the configuration with everything filled in that was left out.
func (c Config) complete() (Config, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	c.BurstLimit = cmp.Or(c.BurstLimit, 80)
	c.DailyBudget = cmp.Or(c.DailyBudget, 30_000)
	c.AccessTokenLifetime = cmp.Or(c.AccessTokenLifetime, time.Hour)
	c.Company = cmp.Or(c.Company, "Emulated Company")
	c.RefreshMode = cmp.Or(c.RefreshMode, RotatingRefresh)
	c.RedirectURLs = slices.Clone(c.RedirectURLs)
	c.ClientID = cmp.Or(c.ClientID, "emulator-client-"+rand.Text())
	c.ClientSecret = c.ClientSecret.or("emulator-secret-")
	c.askPassword = c.Password.Reveal() != ""
	c.Password = c.Password.or("emulator-password-")
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	var err error
	c.Users, err = completeUsers(c.Users)
	return c, err
}

// check finds what cannot be served.
func (c Config) check() error {
	switch {
	case c.BurstLimit < 0 || c.DailyBudget < 0:
		return errors.New("BurstLimit and DailyBudget must not be negative")
	case c.AccessTokenLifetime < 0 || c.AccessTokenLifetime%time.Second != 0:
		return fmt.Errorf("AccessTokenLifetime is %v: it must be whole seconds above zero, as expires_in tells it", c.AccessTokenLifetime)
	case !slices.Contains([]RefreshMode{"", RotatingRefresh, RepeatingRefresh}, c.RefreshMode):
		return fmt.Errorf("RefreshMode is %q: it must be %q or %q", c.RefreshMode, RotatingRefresh, RepeatingRefresh)
	}
	if err := c.Profile.check(); err != nil {
		return err
	}
	for i, redirectURL := range c.RedirectURLs {
		if _, err := callbackURL(redirectURL); err != nil {
			return fmt.Errorf("RedirectURLs[%d] cannot be used: %w", i, err)
		}
	}
	for i, host := range c.AllowHosts {
		if host == "" || strings.ContainsAny(host, ":/*@ ") {
			return fmt.Errorf("AllowHosts[%d] is %q: write a host name without scheme, port and wildcard, such as emulator.test", i, host)
		}
	}
	return nil
}

func (p Profile) check() error {
	if !slices.Contains([]Profile{AsDocumented, Withdrawn, BusyNeighbour, Slow}, p) {
		return fmt.Errorf("Profile is %q: it must be empty, %q, %q or %q", p, Withdrawn, BusyNeighbour, Slow)
	}
	return nil
}

// completeUsers makes sure that there are users, that their ids differ, and that each has tokens
// of its own.
func completeUsers(given []User) ([]User, error) {
	users := slices.Clone(given)
	if len(users) == 0 {
		users = []User{{ID: 1, Admin: true}, {ID: 2}}
	}
	ids, taken := map[int64]bool{}, map[string]bool{}
	for i := range users {
		u := &users[i]
		if u.ID <= 0 || ids[u.ID] {
			return nil, fmt.Errorf("Users[%d].ID is %d: it must be above zero, and no other user's", i, u.ID)
		}
		ids[u.ID] = true
		u.Name = cmp.Or(u.Name, fmt.Sprintf("User %d", u.ID))
		u.AccessToken = u.AccessToken.or("emulator-access-")
		u.APIToken = u.APIToken.or("emulator-api-")
		for _, token := range []string{u.AccessToken.Reveal(), u.APIToken.Reveal()} {
			if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return nil, fmt.Errorf("a header cannot carry a token of Users[%d]: use printable ASCII without spaces", i)
			}
			if taken[token] {
				return nil, fmt.Errorf("a token of Users[%d] is in use already: every AccessToken and APIToken must be different", i)
			}
			taken[token] = true
		}
	}
	return users, nil
}

// or is the secret, or a random one if it is empty.
func (s Secret) or(prefix string) Secret {
	if s.Reveal() == "" {
		return NewSecret(prefix + rand.Text())
	}
	return s
}

func (c Config) allowedHosts() map[string]bool {
	allowed := map[string]bool{}
	for _, host := range c.AllowHosts {
		allowed[strings.ToLower(host)] = true
	}
	return allowed
}
