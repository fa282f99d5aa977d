package channels

import (
	"runtime/debug"
	"strings"
)

// Version is the version of this module that the program was built with: a tag such as 0.1.0, or a
// commit that has no tag, or 0.1.0-dev in a build that records neither. The User-Agent of each
// request tells it. Do not change it.
var Version = moduleVersion(debug.ReadBuildInfo())

const (
	modulePath = "github.com/pdchannels/pdchannels"
	unreleased = "0.1.0-dev"
)

// moduleVersion looks for this module in a program: as its main module, or as a dependency.
func moduleVersion(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return unreleased
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == modulePath && strings.HasPrefix(m.Version, "v") {
			return m.Version[1:]
		}
	}
	return unreleased
}
