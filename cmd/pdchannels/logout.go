// The command logout.
package main

import (
	"context"
	"errors"
	"flag"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func logoutCommand() *command {
	return &command{
		name:     "logout",
		synopsis: "[-login COMPANY:USER] [-local] [-store DIRECTORY]",
		summary:  "uninstall the app for yourself, and forget its tokens",
		about: `Revokes the refresh token, which uninstalls the app for this user of the company: all its tokens
are dead, also those of other programs. What the app has registered is up to Pipedrive.

With -local the tokens are forgotten here, and Pipedrive is not told: the app stays installed.`,
		examples: `pdchannels logout
pdchannels logout -login 1001:42 -local`,
		setup: func(flags *flag.FlagSet, env *environment) action {
			var s loginSettings
			s.declare(flags)
			local := flags.Bool("local", false, "only forget the tokens; tell nobody")
			flags.BoolVar(&env.json, "json", env.json, "print the result as one JSON object")
			return func(ctx context.Context) error { return logout(ctx, env, s, *local) }
		},
	}
}

func logout(ctx context.Context, env *environment, s loginSettings, local bool) error {
	all, err := s.open(env, auth.AppConfig{})
	if err != nil {
		return err
	}
	src, err := all.choose(ctx, s.login)
	if err != nil {
		return err
	}
	in := src.Installation()
	end, done := all.app.Uninstall, "The app is uninstalled for user %d of company %d, and its tokens are forgotten."
	if local {
		end, done = all.app.Forget, "The tokens of user %d of company %d are forgotten here. The app is still installed."
	}
	if err := end(ctx, in); err != nil {
		if !local && !errors.Is(err, auth.ErrNotInstalled) {
			env.stderr.print("The tokens are kept, so that you can try again; with -local they are forgotten whatever the server says.\n")
		}
		return err
	}
	env.say(map[string]any{"logout": map[string]any{
		"company_id": in.CompanyID, "user_id": in.UserID, "uninstalled": !local,
	}}, done, in.UserID, in.CompanyID)
	return nil
}
