package trust_test

import (
	"fmt"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// The api_domain of a token arrives over the network, and decides where credentials go.
func Example() {
	fmt.Println(trust.FromAPIDomain("https://company.pipedrive.com"))
	fmt.Println(trust.FromAPIDomain("https://company.pipedrive.com.evil.example"))
	// Output:
	// https://company.pipedrive.com/api/v1 <nil>
	//  the api_domain "https://company.pipedrive.com.evil.example" is not of the form https://company.pipedrive.com
}
