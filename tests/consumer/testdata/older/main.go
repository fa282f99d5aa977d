// Command older is an app with a River and a pgx of its own, older than those of wrapper/scale, that
// delivers messages with wrapper/channels.
package main

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func main() {
	_, err := pgx.ParseConfig("postgres://db.example/app")
	fmt.Println(river.QueueDefault, err, channels.Version)
}
