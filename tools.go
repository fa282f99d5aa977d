//go:build tools

// Package pdchannels pins the generator: this import keeps its version in go.mod,
// where generate.go's go run finds it.
package pdchannels

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
