// Package spec holds the OpenAPI documents that the rest of the project is generated
// from and judged by. PROVENANCE.md, beside them, says what each statement rests on.
package spec

import _ "embed"

// Channels is channels.yaml: the operations of the Channels API, OpenAPI 3.0.3.
// Treat it as read-only.
//
//go:embed channels.yaml
var Channels []byte

// Provider is provider.yaml: the seven endpoints that Pipedrive calls on a messaging
// app, OpenAPI 3.0.3. Treat it as read-only.
//
//go:embed provider.yaml
var Provider []byte
