// Who asks: the bearer token or the API token of a request.

package emulator

import (
	"crypto/sha256"
	"net/http"
	"strings"
)

// digest stands for a token in every table. Looking a digest up takes a time that tells
// nothing of the tokens in the table, and no table holds one that could leak.
type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// The two kinds of tokens do not stand in for each other: a digest is of the kind and the token.
const (
	bearerKind = "bearer "
	apiKind    = "api "
)

// authenticate finds the user a request comes from.
//
// Our choice: two credentials at once are refused, since nothing says which one counts;
// and a header that is not well formed is answered like a wrong one, although the OAuth
// pages list a 400 for it, as the 400 of an operation carries a code. An API token in
// the query, where older releases of Pipedrive's own npm package put it, is accepted, but not
// if Strict: the reference knows the header only.
func (e *Emulator) authenticate(r *http.Request) (User, bool) {
	bearers, apiTokens := r.Header.Values("Authorization"), r.Header.Values("X-Api-Token")
	if !e.cfg.Strict {
		apiTokens = append(apiTokens, r.URL.Query()["api_token"]...)
	}
	if len(bearers)+len(apiTokens) != 1 {
		return User{}, false
	}
	if len(apiTokens) == 1 {
		return e.oauth.user(digestOf(apiKind + apiTokens[0]))
	}
	scheme, token, _ := strings.Cut(bearers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return User{}, false
	}
	return e.oauth.user(digestOf(bearerKind + token))
}
