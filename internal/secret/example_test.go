package secret_test

import (
	"fmt"

	"github.com/pdchannels/pdchannels/internal/secret"
)

// A server that echoes the request's token does not bring it into a log.
func Example() {
	fmt.Println(secret.Clean("invalid\x1b[31m token\n sk/123456", "sk/123456", 200))
	fmt.Println(secret.Page([]byte("<html><title>Bad gateway</title>"), ""))
	// Output:
	// invalid [31m token [redacted]
	// an HTML page, so something on the way answered and not the API: "Bad gateway"
}
