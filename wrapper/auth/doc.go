// Package auth handles the OAuth 2 life cycle of a Pipedrive Marketplace app: users install it,
// access tokens expire and are renewed, users uninstall it. Its token sources are those of
// golang.org/x/oauth2, and it adds what keeps an installation alive: tokens that outlive the
// process, one refresh however many ask, and a check of where credentials go.
//
// An [App] needs the client id and secret from the Developer Hub, the callback URL registered
// there, and a [Store]:
//
//	app, err := auth.NewApp(auth.AppConfig{
//		ClientID:     os.Getenv("CLIENT_ID"),
//		ClientSecret: auth.NewSecret(os.Getenv("CLIENT_SECRET")),
//		RedirectURL:  "https://app.example/oauth/callback",
//		Store:        store, // filestore.Open("/var/lib/app/tokens")
//	})
//	mux.Handle("/oauth/callback", app.Handler())
//
// [App.Handler] serves the whole callback: it starts the flow, completes it, accepts installs from
// the Marketplace, and receives uninstalls. An [Installation], a company and a user of it, is the key
// to everything. The Installed hook gets its token source, which is also
//
//	src := app.TokenSource(installation)
//
// and a client calls the API with it, base URL included: channels.NewClient(channels.OAuth(src)).
//
// # What a token source promises
//
//   - However many goroutines and processes ask, a token is refreshed once. Callers wait no longer
//     than their contexts, and the refresh continues without them.
//   - A refreshed token is saved before anybody uses it. If saving fails it is used from memory,
//     saving is tried again until the token expires, and AppConfig.Warn is told ([ErrNotPersisted]).
//   - A server may rotate refresh tokens or repeat them: the latest one is kept. Pipedrive's
//     pages say both.
//   - An answer with a usable access token is accepted, whatever else in it is malformed, and the store is
//     written before a code or a refresh token is spent.
//   - A refused refresh token is not tried again, by any process; the error is [ErrReauthorize],
//     and the user has to go through the flow once more.
//   - A process killed during a refresh leaves a store that the next one can use. If the
//     answer to its call was lost, and a rotated token with it, the error is [ErrReauthorize] too.
//   - Credentials go to the OAuth server and to api_domain only, which must be
//     https://{company}.pipedrive.com and does not change by a refresh. Redirects are not followed.
//   - No error, log line or printed form of any type here contains a credential, except the
//     AccessToken of the *oauth2.Token that is returned.
//
// Call [App.Wait] before a program ends, so that no refresh is interrupted. Warnings go to
// [log/slog.Default] unless AppConfig.Warn is set.
//
// What is known of Pipedrive's side comes from its published OAuth pages; nothing here was
// tested against the live service.
package auth
