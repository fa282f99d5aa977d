package field_test

import (
	"fmt"

	"github.com/pdchannels/pdchannels/internal/field"
)

func Example() {
	fmt.Printf("%q\n", field.ID("whatsapp-4915112345678"))
	fmt.Printf("%q\n", field.ID(".."))
	fmt.Printf("%q\n", field.URL("messenger.example/1.png"))
	// Output:
	// ""
	// "is \"..\", which would change the path of the request"
	// "is not an absolute http or https URL"
}
