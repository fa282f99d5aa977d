// The command version.

package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func versionLine() string {
	return fmt.Sprintf("pdchannels %s (%s, %s/%s)", channels.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func versionCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "pdchannels version --json",
		RunE: func(*cobra.Command, []string) error {
			env.say(map[string]string{"version": channels.Version, "go": runtime.Version()}, "%s", versionLine())
			return nil
		},
	}
}
