// Package conformance is a conformance run over a messaging app, in whatever language it is written:
// it calls the app as Pipedrive would, and as others might, and reports how the answers differ
// from what Pipedrive published. In a test:
//
//	report, err := check.Run(t.Context(), check.Config{
//		Provider: emulator.Provider{BaseURL: server.URL},
//		ClientID: "client-id", ClientSecret: emulator.NewSecret("client-secret"),
//		Channel: "whatsapp-1",
//	})
//	if err != nil || report.Violations > 0 {
//		t.Error(err, report)
//	}
//
// # What it does to the app
//
// It reads: every page of the history, up to 50 conversations one by one, people, templates and
// single messages. It writes up to ten messages by postMessage, which say that they are a test;
// [Config] tells into which conversation, and how to leave them out; what an app has to refuse is
// written on a channel that does not exist. It deletes no channel that exists, unless [Config].DeleteChannel is set. Nothing is called but the app itself, and by
// HEAD, without credentials, the links that it says expire: over https at public addresses,
// and on this machine if the app is there too. No redirect is followed.
//
// # What it finds
//
// A violation is against the documents; a risk is against no document, or only against our
// reading of them. The rules, by [Finding].Rule:
//
//   - Of a call: no-answer, slow, refused, server-error, redirect, status, content-type.
//   - Of an answer: not-json, enveloped, success, missing, null, type, enum, time, source_user,
//     end_user, and whatever else the schemas demand, by the name of the schema's word, such as minLength.
//   - Of an error: the same, and code.
//   - Of a list: limit, default-limit, cursor-repeats, cursor-endless, cursor-missing,
//     second-cursor, empty-page, repeated-id.
//   - Of an id: id, unknown-sender, unknown-found.
//   - Of who may call: auth-missing, auth-wrong, auth-order, auth-scheme, auth-status.
//   - Of what else there must be: endpoint-missing, link-dead, link-redirects, link-untested, avatar.
//   - Of postMessage: files-refused, text-dropped, files-dropped, form.
//
// The credentials are in no report, even if the app repeats them in an answer.
package conformance
