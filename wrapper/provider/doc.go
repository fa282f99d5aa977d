// Package provider is what Pipedrive calls on a messaging app: the seven endpoints of
// its manifest, as one [http.Handler]. It is unofficial.
//
// An app implements [Inbox], three methods in plain Go types, and hands it over:
//
//	h, err := provider.NewHandler(inbox, provider.BasicAuth(clientID, clientSecret))
//	…
//	http.Handle("/pipedrive/", http.StripPrefix("/pipedrive", h))
//	manifest, err := h.Manifest("https://messenger.example/pipedrive")
//
// What else it can do is found by its methods: senders, templates, fresh links, files, the
// removal of a channel. The manifest names the endpoints it has, for upload to the
// Developer Hub.
//
// # What the handler does
//
// It lets in only who knows the app's client id and secret, before anything else is
// read. It fills in the documented limits of 30, and cuts larger ones than 100. Cursors pass
// through untouched. What the app returns is checked against the documented rules: an
// answer that breaks one becomes a 500, and a line in the log that names the rule and
// the item.
//
// # Errors
//
// An [*Error], or an error that wraps one such as [ErrNotFound], reaches Pipedrive in
// the documented envelope. Every other error and every panic is logged and answered with a 500
// that says nothing. Also 404, 405 and the refusal of too many requests at once come in the envelope.
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
// A message's files are streamed to [FileReceiver] as they arrive, one after another,
// before the message itself: nothing is buffered, whatever the order of the form, and no
// temporary file is made. [Limits] bound them. A sender that is slower than 4 KiB a second
// for long is cut off, by deadlines on its connection. For those, a middleware that wraps
// the [http.ResponseWriter] needs an Unwrap method; a body is refused where it has none,
// and so it is by an [net/http/httptest.ResponseRecorder]: test by [net/http/httptest.Server].
//
// # Times
//
// They are written in RFC 3339, UTC, with milliseconds. Pipedrive's OpenAPI description
// words its times as minutes, its guide shows this spelling in every example of an
// answer. It is the one that keeps two messages of a minute in order.
//
// # Serving
//
// The handler bounds bodies, and leaves headers and idle connections to the server: set
// ReadHeaderTimeout, IdleTimeout and MaxHeaderBytes (64 KiB are plenty). ReadTimeout has
// no effect on a body, for which the handler sets deadlines of its own; a WriteTimeout
// has to be longer than the longest upload.
package provider
