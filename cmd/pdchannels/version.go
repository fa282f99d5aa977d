// The command version.
package main

import (
	"context"
	"flag"
	"runtime"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func versionCommand() *command {
	return &command{
		name:     "version",
		synopsis: "[--json]",
		summary:  "print the version",
		examples: "pdchannels version",
		setup: func(flags *flag.FlagSet, env *environment) action {
			flags.BoolVar(&env.json, "json", env.json, "print the result as one JSON object")
			return func(context.Context) error {
				env.say(map[string]string{"version": channels.Version, "go": runtime.Version()},
					"pdchannels %s (%s, %s/%s)", channels.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return nil
			}
		},
	}
}
