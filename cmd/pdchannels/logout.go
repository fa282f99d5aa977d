// The command logout.

package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func logoutCommand(env *environment) *cobra.Command {
	var s loginSettings
	var local bool
	c := &cobra.Command{
		Use:   "logout [flags]",
		Short: "Uninstall the app for yourself, and delete its tokens",
		Long: `Revokes the refresh token, which uninstalls the app for this user of the company: all its tokens
stop working, those of other programs too. What becomes of its channels is up to Pipedrive.

With --local the tokens are deleted here, and Pipedrive is not told: the app stays installed.`,
		Example: `pdchannels logout
pdchannels logout --login 1001:42 --local`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return logout(cmd.Context(), env, s, local)
		},
	}
	s.declare(c.Flags())
	c.Flags().BoolVar(&local, "local", false, "only delete the tokens here, and do not tell Pipedrive")
	return c
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
	end, done := all.app.Uninstall, "The app is uninstalled for user %d of company %d, and its tokens are deleted."
	if local {
		end, done = all.app.Forget, "The tokens of user %d of company %d are deleted here. The app is still installed."
	}
	if err := end(ctx, in); err != nil {
		if !local && !errors.Is(err, auth.ErrNotInstalled) {
			env.stderr.print("The tokens are kept, so that you can try again; --local deletes them whatever the server says.\n")
		}
		return err
	}
	env.say(map[string]any{"logout": map[string]any{
		"company_id": in.CompanyID, "user_id": in.UserID, "uninstalled": !local,
	}}, done, in.UserID, in.CompanyID)
	return nil
}
