// The command emulator: its flags.

package main

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// emulatorSettings are the flags of the command.
type emulatorSettings struct {
	emulator.Config
	addr, app, manifest, seed string
	open                      bool
}

func emulatorCommand(env *environment) *cobra.Command {
	var s emulatorSettings
	c := &cobra.Command{
		Use:   "emulator [flags]",
		Short: "Emulate Pipedrive on this machine; not for production",
		Long: `Prints settings to paste into another shell, and the address of an inbox to open in a browser;
then a line for each request on stderr. It keeps everything in memory, or with --data in a file;
Ctrl-C ends it.

It is built from what Pipedrive published, and was never compared with the live service. Where
the published sources disagree it accepts what any of them allows, with a warning; --strict
accepts only what all of them allow.

With --app or --manifest it calls your app as Pipedrive does: history, replies, templates.
--seed and --data are JSON lines, one event a line; --seed demo is a bicycle shop to look at.

Credentials are random unless the environment sets them: PIPEDRIVE_CLIENT_ID, and
PIPEDRIVE_CLIENT_SECRET, PIPEDRIVE_ACCESS_TOKEN and PIPEDRIVE_API_TOKEN of the first user, each
also as a file, such as PIPEDRIVE_ACCESS_TOKEN_FILE. So a compose file or a CI job can give the
same ones to the emulator and to what calls it. Use no live credentials. Beyond this machine the
inbox asks for a password: PIPEDRIVE_EMULATOR_PASSWORD, or a random one that is printed.

GET /livez and /readyz answer 200; pdchannels emulator wait waits for that.`,
		Example: `pdchannels emulator --seed demo --open
pdchannels emulator --app http://127.0.0.1:3000 --client-id my-app --redirect-url http://localhost:3000/callback
pdchannels emulator --addr 127.0.0.1:0 --strict --token-lifetime 1m --burst-limit 20
pdchannels emulator --data inbox.jsonl --profile withdrawn
pdchannels emulator --addr 0.0.0.0:8484 --allow-host pipedrive.test --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.complete(env); err != nil {
				return err
			}
			return s.serve(cmd.Context(), env)
		},
	}
	s.declare(c.Flags())
	completesFiles(c, "manifest", "seed", "data")
	completes(c, "profile", string(emulator.Withdrawn))
	completes(c, "refresh", string(emulator.RotatingRefresh), string(emulator.RepeatingRefresh))
	c.AddCommand(emulatorWaitCommand(env))
	return c
}

func (s *emulatorSettings) declare(flags *pflag.FlagSet) {
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8484", "the `HOST:PORT` to listen on; port 0 takes a free one")
	flags.StringVar(&s.app, "app", "", "the `URL` before /channels at which your app serves its endpoints")
	flags.StringVar(&s.manifest, "manifest", "", "the `FILE` or URL of your app's manifest, instead of --app; - is stdin")
	declarePlainHTTP(flags, &s.Provider.PlainHTTP)
	flags.StringVar(&s.ClientID, "client-id", "", "the client `ID` of your app; else PIPEDRIVE_CLIENT_ID, else random")
	flags.StringArrayVar(&s.RedirectURLs, "redirect-url", nil, "a callback `URL` of your app; repeat the flag for several (default any http URL on this machine)")
	flags.Func("user", "a user, as `ID:NAME` or ID:NAME:admin; repeat the flag for several, of whom the first owns the installation (default an admin and another user)", s.addUser)
	flags.BoolVar(&s.Strict, "strict", false, "accept only what all published sources allow")
	flags.StringVar((*string)(&s.RefreshMode), "refresh", string(emulator.RotatingRefresh), "the `MODE` of refresh tokens: rotating replaces one when it is used, repeating does not")
	flags.DurationVar(&s.AccessTokenLifetime, "token-lifetime", time.Hour, "the `TIME` that an access token of the OAuth flow lives")
	flags.IntVar(&s.BurstLimit, "burst-limit", 80, "the `NUMBER` of requests allowed in 2 seconds")
	flags.IntVar(&s.DailyBudget, "daily-budget", 30_000, "the `NUMBER` of tokens to spend in a day; a message costs 10")
	flags.StringArrayVar(&s.AllowHosts, "allow-host", nil, "a `NAME` under which the emulator is reached, beside those of this machine; repeat the flag for several")
	flags.StringVar(&s.Company, "company", "", "the `NAME` of the emulated company")
	flags.StringVar(&s.seed, "seed", "", "the `FILE` with what is there at the start and after a reset; demo is one that ships")
	flags.StringVar(&s.Data, "data", "", "the `FILE` that keeps everything across restarts")
	flags.BoolVar(&s.Sync, "sync", false, "with --data, bring every change to the disk before it is answered")
	flags.StringVar((*string)(&s.Profile), "profile", "", "a `NAME` for how the service behaves: withdrawn is one that is gone (default as documented)")
	flags.BoolVar(&s.open, "open", false, "open the inbox in a browser")
}

func (s *emulatorSettings) addUser(text string) error {
	id, name, _ := strings.Cut(text, ":")
	name, role, hasRole := strings.Cut(name, ":")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 || name == "" || hasRole && role != "admin" {
		return usage("not of the form ID:NAME or ID:NAME:admin, such as 7:Rosa:admin")
	}
	s.Users = append(s.Users, emulator.User{ID: n, Name: name, Admin: hasRole})
	return nil
}

// complete adds what the environment and files say.
func (s *emulatorSettings) complete(env *environment) error {
	id := "--client-id"
	if s.ClientID == "" {
		id, s.ClientID = "PIPEDRIVE_CLIENT_ID", env.setting("PIPEDRIVE_CLIENT_ID")
	}
	if err := checkClientID(id, s.ClientID); err != nil {
		return err
	}
	var err error
	if s.Provider.PlainHTTP, err = env.allows(s.Provider.PlainHTTP); err != nil {
		return err
	}
	if len(s.Users) == 0 {
		s.Users = []emulator.User{{ID: 1, Name: "Rosa", Admin: true}, {ID: 2, Name: "Nils"}}
	}
	for name, preset := range map[string]*emulator.Secret{
		"PIPEDRIVE_CLIENT_SECRET": &s.ClientSecret, "PIPEDRIVE_ACCESS_TOKEN": &s.Users[0].AccessToken, "PIPEDRIVE_API_TOKEN": &s.Users[0].APIToken,
		"PIPEDRIVE_EMULATOR_PASSWORD": &s.Password,
	} {
		secret, err := env.secret(name)
		if err != nil {
			return err
		}
		*preset = emulator.NewSecret(secret)
	}
	for flag, n := range map[string]int{"--burst-limit": s.BurstLimit, "--daily-budget": s.DailyBudget, "--token-lifetime": int(s.AccessTokenLifetime.Seconds())} {
		if n < 1 {
			return usage("%s is below 1", flag)
		}
	}
	if err := absolute("--app", s.app); err != nil {
		return err
	}
	if s.Sync && s.Data == "" {
		return usage("--sync goes with --data")
	}
	switch s.seed {
	case "":
	case "demo":
		s.Seed = emulator.DemoSeed(time.Now())
	default:
		seed, err := os.ReadFile(s.seed)
		text, _, encodingErr := decodeText(seed)
		if err = cmp.Or(err, encodingErr); err != nil {
			return usage("--seed %s: %w", printable(s.seed), withoutPath(err))
		}
		s.Seed = []byte(text)
	}
	s.Provider.BaseURL = s.app
	switch {
	case s.manifest == "":
		return nil
	case s.app != "":
		return usage("give either --app or --manifest")
	case isURL(s.manifest):
		s.Provider.ManifestURL = s.manifest
		return nil
	}
	data, _, wrong, err := env.readManifest(s.manifest)
	if err == nil && data == nil {
		err = usage("the manifest %s is not valid: %s", printable(s.manifest), strings.Join(wrong, "; "))
	}
	s.Provider.Manifest = data // what else is wrong with it, the emulator says
	return err
}
