// The two envelopes of an error: the one the operations document, with a code, and the
// one Pipedrive's gateway uses for all else, with the status.

package emulator

import (
	"encoding/json"
	"net/http"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
)

// The codes of additional_data. The document's examples hold those of the 400s as well,
// which is where the judge of bodies takes them from.
const (
	codeInvalidBody   = "INVALID_BODY"
	codeAdminOnly     = "ADMIN_ONLY"
	codeForbiddenUser = "FORBIDDEN_USER_REQUEST"
	codeNotFound      = "NOT_FOUND"
	codeChannelExists = "CHANNEL_ALREADY_EXISTS"
	codeStorageFull   = "EMULATOR_STORAGE_FULL"
	codeStorageFailed = "EMULATOR_STORAGE_FAILED"
	codeWrongOrigin   = "EMULATOR_WRONG_ORIGIN"
)

const errorInfo = "See the reference of the Channels API."

// listed is the envelope of an error that the reference lists for the operation.
func listed(code, text string) channelsserver.Error {
	return channelsserver.Error{
		Error:          text,
		ErrorInfo:      errorInfo,
		AdditionalData: channelsserver.ErrorDetail{Code: code},
	}
}

// unlisted is the envelope of an operation's error that the reference does not list.
func unlisted(code, text string) channelsserver.OtherError {
	return channelsserver.OtherError{
		Error:          text,
		ErrorInfo:      new(errorInfo),
		AdditionalData: &channelsserver.OtherErrorDetail{Code: &code},
	}
}

// refuse answers in the gateway's envelope.
func refuse(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, channelsserver.OtherError{Error: text, ErrorInfo: new(errorInfo), ErrorCode: &status})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // the bodies here can be encoded, and a client that hung up is no error
}
