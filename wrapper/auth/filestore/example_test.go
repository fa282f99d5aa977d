package filestore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/filestore"
)

func Example() {
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	store, err := filestore.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	app, err := auth.NewApp(auth.AppConfig{
		ClientID:     "client-id",
		ClientSecret: auth.NewSecret("client-secret"),
		RedirectURL:  "https://app.example/oauth/callback",
		Store:        store,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// A worker finds the installations again after a restart.
	installations, err := store.Installations()
	fmt.Println(len(installations), err)
	_, err = app.TokenSource(auth.Installation{CompanyID: 1001, UserID: 42}).TokenContext(context.Background())
	fmt.Println(err)
	// Output:
	// 0 <nil>
	// auth: renew the token of company 1001, user 42: not installed: the user has to authorise the app again
}
