// Package provider serves what Pipedrive calls on a messaging app: the seven endpoints of
// its manifest, as one [http.Handler]. It is unofficial.
//
// An app implements [Inbox], three methods in plain Go types, and passes it to [NewHandler]:
//
//	h, err := provider.NewHandler(inbox, provider.BasicAuth(clientID, clientSecret))
//	…
//	http.Handle("/pipedrive/", http.StripPrefix("/pipedrive", h))
//	manifest, err := h.Manifest("https://messenger.example/pipedrive")
//
// The handler detects by further methods what else the app offers: senders, templates, fresh links,
// files, the removal of a channel. The manifest names the endpoints of the app, for upload to the
// Developer Hub.
//
// # What the handler does
//
// It checks the app's client id and secret before it reads anything else. It fills in the documented
// limits of 30 and lowers limits above 100. It passes cursors through unchanged. It checks what the
// app returns by the documented rules: an answer that breaks one becomes a 500, and a line in the log
// that names the rule and the item.
//
// # Errors
//
// An [*Error], or an error that wraps one such as [ErrNotFound], reaches Pipedrive in
// the documented envelope. Every other error and every panic is logged and answered with an opaque
// 500. 404, 405 and the 429 for too many requests at once come in the same envelope.
//
// # Forms
//
// A message comes as multipart/form-data, which clients spell in many ways: unquoted, escaped and encoded file names, lists
// as `recipientIds[]`, `recipientIds[0]` or JSON, other charsets and transfer encodings. The handler reads them, and answers
// 400 with the name of the header or field where it cannot: nothing is dropped in silence. Unknown fields are ignored,
// and named in a warning in the log, unless their name is nearly that of a documented one, which is refused.
//
// # Files
//
// The handler streams the files of a message to [FileReceiver] as they arrive, one after another,
// before the message itself: it buffers nothing, whatever the order of the form, and makes no
// temporary files. [Limits] bound them. A sender that stays below 4 KiB a second
// is cut off, by deadlines on its connection. For those, a middleware that wraps
// the [http.ResponseWriter] needs an Unwrap method; without one the handler refuses a body. An
// [net/http/httptest.ResponseRecorder] has none: test with an [net/http/httptest.Server].
//
// # Times
//
// Times are written in RFC 3339, UTC, with milliseconds. Pipedrive's OpenAPI description
// documents minutes; its guide shows this spelling in every example of an
// answer, and only it keeps two messages of one minute in order.
//
// # Serving
//
// The handler bounds bodies and leaves headers and idle connections to the server: set
// ReadHeaderTimeout, IdleTimeout and MaxHeaderBytes (64 KiB is plenty). ReadTimeout does not
// affect a body, since the handler sets deadlines of its own; a WriteTimeout
// must be longer than the longest upload.
package provider
