// Package auth is the OAuth 2 life cycle of a Pipedrive Marketplace app: a user installs it,
// access tokens come and go, a user uninstalls it. It builds on golang.org/x/oauth2 and adds
// what keeps an installation alive: tokens that outlive the process, one refresh however many
// ask, and a guard on where credentials go.
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
// [App.Handler] is the whole callback: it begins the flow, ends it, takes installs from the
// Marketplace, and hears of uninstalls. An [Installation], a company and a user of it, is the key
// to everything; the Installed hook tells it, and
//
//	src := app.TokenSource(installation)
//
// is what a client calls the API with, base URL included: channels.NewClient(channels.OAuth(src)).
//
// # What a token source promises
//
//   - However many goroutines and processes ask, a token is refreshed once; callers wait no longer
//     than their contexts, and the refresh goes on without them.
//   - A refreshed token is saved before anybody uses it. If saving fails it is used from memory,
//     saving is tried again until the token expires, and AppConfig.Warn is told ([ErrNotPersisted]).
//   - A server that rotates refresh tokens and one that repeats them are both right: whichever
//     comes back is kept. Pipedrive's pages say both of itself.
//   - A refresh token that was refused is not tried again, by any process; the error is
//     [ErrReauthorize], and the user has to go through the flow once more.
//   - A process killed in a refresh leaves a store that the next one can go on with. If the
//     answer to its call was lost, and with it a rotated token, that ends in [ErrReauthorize] too.
//   - Credentials go to the OAuth server and to api_domain only, which has to be
//     https://{company}.pipedrive.com and does not change by a refresh; redirects are not followed.
//   - No credential is in an error, a log line, or the printed form of any type here, except the
//     AccessToken of the *oauth2.Token that is handed out.
//
// Before a program ends it calls [App.Wait], so that no refresh is cut in two.
//
// What is known of Pipedrive's side comes from its published OAuth pages; nothing here has been
// tried against the live service.
package auth
