// Pdchannels is Pipedrive's Channels API on the command line. It is unofficial.
//
// It shows what the API does, on this machine and without an account:
//
//	pdchannels demo
//
// It plays Pipedrive, and prints the settings to paste into another shell:
//
//	pdchannels emulator
//	pdchannels emulator wait
//
// It checks whether an app in any language answers as Pipedrive expects, and prints the manifest
// that tells Pipedrive where the app is:
//
//	pdchannels check --provider http://127.0.0.1:3000 --channel whatsapp-1
//	pdchannels manifest --base-url https://messenger.example/pipedrive
//
// It installs an app for you by OAuth, so that the other commands use its tokens, and uninstalls it:
//
//	pdchannels login
//	pdchannels logout
//
// It finds out whether the API is alive, and open to a credential:
//
//	pdchannels probe
//
// And it calls the API:
//
//	pdchannels channel add --name "Support on WhatsApp" --id whatsapp-4915112345678 --provider-type whatsapp
//	pdchannels message receive --file messages.jsonl
//	pdchannels conversation delete --channel whatsapp-4915112345678 --id conversation-17
//	pdchannels channel delete --id whatsapp-4915112345678
//
// Besides, there are
//
//	pdchannels version
//	pdchannels completion bash
//	pdchannels help message receive
//
// Without a login, set PIPEDRIVE_BASE_URL, and PIPEDRIVE_ACCESS_TOKEN or PIPEDRIVE_API_TOKEN or, in
// PIPEDRIVE_ACCESS_TOKEN_FILE or PIPEDRIVE_API_TOKEN_FILE, the name of a file that holds it. No flag
// takes a secret, since other users of the machine can read the arguments of a process.
//
// Exit codes are meant for scripts: 0 done; 1 failed, or found at fault; 2 wrong use, and nothing
// was sent; 3 outcome unknown, or some messages not delivered, or some checks not made; 4 the API
// answered 401, 403 or 429. "go run" turns them all into 1, so build the command for a script:
//
//	go install github.com/pdchannels/pdchannels/cmd/pdchannels@latest
//
// With --json the result is one JSON object on stdout, and so is an error. Every command has
// --help, which says more and gives examples.
package main
