package channels

import (
	"runtime/debug"
	"testing"
)

func TestAProgramKnowsTheVersionItWasBuiltWith(t *testing.T) {
	t.Parallel()
	module := func(path, version string) debug.Module { return debug.Module{Path: path, Version: version} }
	dependency := module(modulePath, "v1.2.3")
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"go install of the command": {&debug.BuildInfo{Main: module(modulePath, "v0.2.0")}, "0.2.0"},
		"a program that uses it":    {&debug.BuildInfo{Main: module("example.com/app", "v9.9.9"), Deps: []*debug.Module{&dependency}}, "1.2.3"},
		"a commit without a tag":    {&debug.BuildInfo{Main: module(modulePath, "v0.0.0-20260301075800-0123456789ab")}, "0.0.0-20260301075800-0123456789ab"},
		"a build that records none": {&debug.BuildInfo{Main: module(modulePath, "(devel)")}, unreleased},
		"no build information":      {nil, unreleased},
	} {
		if got := moduleVersion(c.info, c.info != nil); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
