// Requests that Pipedrive would not make, for the conformance run: other credentials, methods
// and paths. Each of the methods returns a client that makes its calls so.

package providercall

import (
	"encoding/base64"
	"time"
)

type variation struct {
	authorization        string // the header; empty: none
	method, query, below string // instead of the endpoint's own, if set
	dots                 bool
	form                 *rawForm // instead of the form that a call is given, if set
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// WithTimeout sets how long a call may take.
func (c Client) WithTimeout(d time.Duration) Client { c.timeout = d; return c }

// WithCredentials carries other credentials.
func (c Client) WithCredentials(id, secret string) Client {
	return c.WithAuthorization(basic(id, secret))
}

// WithAuthorization carries the header as it stands, or none if it is empty.
func (c Client) WithAuthorization(header string) Client { c.authorization = header; return c }

// Authorization is the header that calls carry.
func (c Client) Authorization() string { return c.authorization }

// WithMethod calls by another method.
func (c Client) WithMethod(method string) Client { c.method = method; return c }

// WithQuery puts a query in the place of the parameters.
func (c Client) WithQuery(query string) Client { c.query = query; return c }

type rawForm struct{ contentType, body string }

// WithForm sends the text in the place of a form.
func (c Client) WithForm(contentType, body string) Client {
	c.form = &rawForm{contentType, body}
	return c
}

// Below calls a path below that of the endpoint.
func (c Client) Below(path string) Client { c.below = path; return c }

// WithDots sends ids of dots, percent-encoded, instead of refusing them: what comes on the way
// may take them for a path.
func (c Client) WithDots() Client { c.dots = true; return c }
