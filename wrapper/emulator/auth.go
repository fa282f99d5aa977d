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

// The two kinds of tokens do not stand in for each other: each is stored under its kind.
const (
	bearerKind = "bearer "
	apiKind    = "api "
)

func staticTokens(users []User) map[digest]User {
	tokens := map[digest]User{}
	for _, u := range users {
		tokens[digestOf(bearerKind+string(u.AccessToken))] = u
		tokens[digestOf(apiKind+string(u.APIToken))] = u
	}
	return tokens
}

// authenticate finds the user a request comes from. If there is none, status and text say
// how to refuse it; neither text repeats what was sent.
func (e *Emulator) authenticate(r *http.Request) (user User, status int, text string) {
	const unauthorized = "unauthorized access"
	bearers, apiTokens := r.Header.Values("Authorization"), r.Header.Values("X-Api-Token")
	// Our choice: two credentials at once are refused, since nothing says which one counts.
	if len(bearers)+len(apiTokens) != 1 {
		return User{}, http.StatusUnauthorized, unauthorized
	}
	if len(apiTokens) == 1 {
		if user, ok := e.static[digestOf(apiKind+apiTokens[0])]; ok {
			return user, 0, ""
		}
		return User{}, http.StatusUnauthorized, unauthorized
	}
	scheme, token, _ := strings.Cut(bearers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return User{}, http.StatusUnauthorized, unauthorized
	}
	if token == "" || strings.ContainsAny(token, " \t,") {
		return User{}, http.StatusBadRequest, "malformed authorization header: want Bearer and one token"
	}
	if user, ok := e.static[digestOf(bearerKind+token)]; ok {
		return user, 0, ""
	}
	if user, ok := e.oauth.user(token); ok {
		return user, 0, ""
	}
	return User{}, http.StatusUnauthorized, unauthorized
}
