// Pdchannels is Pipedrive's Channels API on the command line. It is unofficial.
//
// To see what the API is about, on this machine and without an account:
//
//	pdchannels demo
//
// To work against an emulator of Pipedrive, paste what this prints into another shell:
//
//	pdchannels emulator
//
// To see whether an app, in any language, answers as Pipedrive expects, and to get the manifest
// that tells Pipedrive where it is:
//
//	pdchannels check -provider http://127.0.0.1:3000 -channel whatsapp-1
//	pdchannels manifest -base-url https://messenger.example/pipedrive
//
// To install an app for yourself by OAuth, so that the other commands use its tokens, and to
// uninstall it:
//
//	pdchannels login
//	pdchannels logout
//
// To find out whether the API is alive, and open to a credential:
//
//	pdchannels probe
//
// To use it:
//
//	pdchannels channel add -name "Support on WhatsApp" -id whatsapp-4915112345678 -provider-type whatsapp
//	pdchannels message receive -file messages.jsonl
//	pdchannels conversation delete -channel whatsapp-4915112345678 -id conversation-17
//	pdchannels channel delete -id whatsapp-4915112345678
//
// Further there are
//
//	pdchannels version
//	pdchannels help
//
// Without a login, where the API is and what opens it stand in the environment: PIPEDRIVE_BASE_URL,
// and PIPEDRIVE_ACCESS_TOKEN or PIPEDRIVE_API_TOKEN, or the name of a file that holds it in
// PIPEDRIVE_ACCESS_TOKEN_FILE or PIPEDRIVE_API_TOKEN_FILE. No flag takes a secret, since other
// users of the machine can read the arguments of a process.
//
// The exit codes are meant for scripts: 0 done, 1 failed or found at fault, 2 wrong use and nothing
// was sent, 3 outcome unknown, or some of the messages not delivered, or of the checks not made, 4
// answered 401, 403 or 429. With --json the
// result is one JSON object on stdout, errors too.
//
// Every command has -h, which says more and gives examples.
package main
