// The settings of an emulator, and what they are if left out.

package emulator

import (
	"log/slog"
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

	// RefreshMode says what happens to a used refresh token. Empty: RotatingRefresh.
	RefreshMode RefreshMode

	// AccessTokenLifetime is how long an access token from the token endpoint lives, in whole
	// seconds. Zero: an hour.
	AccessTokenLifetime time.Duration

	// BurstLimit is how many requests the installation may make in any 2 seconds.
	// Zero: 80, the limit of the smallest plan.
	BurstLimit int

	// DailyBudget is how many tokens the company may spend in a day; what a call costs
	// is given in the API's document, 10 for a message. Zero: 30,000, one seat of the
	// smallest plan.
	DailyBudget int

	// Strict refuses what any published source refuses, instead of accepting what any of
	// them allows.
	Strict bool

	// Provider is where the app is that the emulator calls back. The zero value: nowhere, and it
	// calls nobody.
	Provider Provider

	// AllowHosts are host names under which the emulator is reached, beside those of loopback and
	// the address that it listens on, such as "emulator.test". Once [Emulator.Serve] listens off
	// loopback, names without a dot, as containers have them, need not be listed.
	AllowHosts []string

	// Company is the name of the emulated company, shown on pages and as company_name of GET /users/me. Empty: "Emulated Company".
	Company string

	// Seed is what there is at the start, and after [Emulator.Reset]: JSON lines, as [Emulator.Snapshot]
	// writes them, and as spec/emulator.yaml describes an Event; [DemoSeed] is one. Nil: nothing. If
	// Data names a file that has something, that is what there is.
	Seed []byte

	// Data names a file that keeps the state across restarts: JSON lines as for Seed. What is answered has been
	// written before, so that nothing is lost when the process is killed; the file is synced every 100 ms,
	// and by [Emulator.Close]. Only one emulator may use a file at a time. Empty: nothing is kept.
	Data string

	// Sync brings what is written to Data onto the disk before it is answered, so that nothing is lost
	// when the machine loses its power, either.
	Sync bool

	// Password opens the pages and the control. Off loopback it is always asked for, and a random one
	// if it is empty; on loopback only if it is set. A browser asks for it, with any user name.
	Password Secret

	// Profile is how the service behaves as a whole. Empty: as documented.
	Profile Profile

	// Clock tells the time; it may be called from several goroutines at once. Nil: time.Now.
	Clock func() time.Time

	// Logger gets a line for every answer (Info), and for everything accepted that Strict
	// would refuse (Warn). No line holds a body or a credential. Nil: nothing is logged.
	Logger *slog.Logger

	askPassword bool // on loopback, too
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

// Profile is a way in which the whole service behaves.
type Profile string

const (
	// AsDocumented: as the published pages have it.
	AsDocumented Profile = ""
	// Withdrawn: as a service that is gone, which answers 410, 404 and an HTML page in turn.
	Withdrawn Profile = "withdrawn"
	// BusyNeighbour: another program of the installation uses three quarters of the burst limit.
	BusyNeighbour Profile = "busy-neighbour"
	// Slow: answers of the API take 2 to 8 seconds.
	Slow Profile = "slow"
)

// User is a user of the emulated company.
type User struct {
	ID    int64  // above zero; what addChannel answers as pd_user_id
	Name  string // shown on pages; empty: "User" and the id
	Admin bool   // only admins may add channels

	AccessToken Secret // an OAuth access token that does not expire; empty: random
	APIToken    Secret // for the header x-api-token; empty: random
}
