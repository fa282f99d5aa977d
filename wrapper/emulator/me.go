// GET /users/me: how an app finds out whose token it has been given.

package emulator

import (
	"net/http"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

const ownUserPath = "/users/me"

// ownUserOperation is no operation of the Channels API, so the document does not have it: it
// is written by hand, and judged like the others.
//
// It costs nothing of the daily budget; see [rule.OwnUserFree].
var ownUserOperation = operation{id: "getCurrentUser"}

type ownUser struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	CompanyID   int64  `json:"company_id"`
	CompanyName string `json:"company_name"`
}

// serveOwnUser answers with the user of the credential.
//
// Of the many fields of a user it has these three; an app needs the ids.
func (e *Emulator) serveOwnUser(w http.ResponseWriter, r *http.Request) {
	decidedBy(w, rule.OwnUser, rule.OwnUserFree)
	u := callOf(r.Context()).user
	writeJSON(w, http.StatusOK, struct {
		Success bool    `json:"success"`
		Data    ownUser `json:"data"`
	}{true, ownUser{ID: u.ID, Name: u.Name, CompanyID: companyID, CompanyName: e.cfg.Company}})
}
