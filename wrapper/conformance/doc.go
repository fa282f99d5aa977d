// Package conformance checks a messaging app, in whatever language it is written: it calls the
// app as Pipedrive would, and as strangers might, and reports how the answers differ from what
// Pipedrive published. In a test:
//
//	report, err := conformance.Run(t.Context(), conformance.Config{
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
// It reads every page of the history, up to 50 conversations one by one, people, templates and
// single messages. It writes up to ten messages by postMessage, which say that they are a test, and
// reads them back; [Config] says into which conversation, and how to leave them out. What an app has
// to refuse goes to a channel that does not exist. It deletes no channel that exists, unless
// [Config].DeleteChannel is set. It calls nothing but the app and, by HEAD and without
// credentials, the links that the app says expire: over https at public addresses, and on this
// machine if the app is there too. It follows no redirect.
//
// An app may answer with anything: no more than 8 MiB of an answer are read, and judging it, and
// what is kept of the history, are bounded.
//
// # What it finds
//
// A violation is against the documents; a risk is against no document, or only against our
// reading of them. [Report].Causes groups both by what to fix, first things first; a
// [Config].Only shows some rules alone. The rules, by [Finding].Rule:
//
//   - Of a call: no-answer, slow, refused, server-error, redirect, status, content-type.
//   - Of an answer: not-json, enveloped, success, missing, null, type, enum, time, clock, source_user,
//     end_user, participants, and whatever else the schemas demand, by the name of the schema's word, such as minLength.
//   - Of an error: the same, and code.
//   - Of a list: limit, default-limit, cursor-repeats, cursor-endless, cursor-missing,
//     second-cursor, empty-page, repeated-id.
//   - Of an id: id, unknown-sender, unknown-found.
//   - Of who may call: auth-missing, auth-wrong, auth-order, auth-scheme, auth-status.
//   - Of what else there must be: endpoint-missing, link-dead, link-redirects, link-untested, avatar.
//   - Of postMessage: files-refused, files-dropped, text-dropped, form.
//
// An app that is stopped, or does not know the channel, violates nothing: the run ends, and
// [Report].Ended says why.
//
// The client secret is in no report, even if the app repeats it in an answer.
package conformance
