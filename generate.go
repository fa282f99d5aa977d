// Package pdchannels is the root of the Go toolkit for Pipedrive's Channels API. It
// holds no code but the lines that generate gen/ from spec/; a program imports
// the packages below wrapper, first of all
// [github.com/pdchannels/pdchannels/wrapper/channels].
package pdchannels

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/channelsclient.cfg.yaml spec/channels.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/channelsserver.cfg.yaml spec/channels.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/providerserver.cfg.yaml spec/provider.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/providerclient.cfg.yaml spec/provider.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/emulatorserver.cfg.yaml spec/emulator.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/emulatorclient.cfg.yaml spec/emulator.yaml
