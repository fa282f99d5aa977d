package channels

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// FieldError says which field of a request cannot be sent, and why. Nothing was sent. A value
// that the API might refuse is not a FieldError: a status or provider type that it does not document is
// sent, and logged.
type FieldError struct {
	Field   string // the Go name, such as Attachments[2].URL
	Problem string // what is wrong with it, such as "is missing"
}

// Error names the field and the problem.
func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r AddChannelRequest) Validate() error {
	return firstProblem(
		FieldError{"ProviderType", textProblem(string(r.ProviderType))},
		FieldError{"Name", required(r.Name)},
		FieldError{"ProviderChannelID", idProblem(r.ProviderChannelID)},
		FieldError{"AvatarURL", ifGiven(r.AvatarURL, urlProblem)},
	)
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r ReceiveMessageRequest) Validate() error {
	text, replyBy, status := textProblem(r.Message), "", required(string(r.Status))
	if r.Status == "" {
		status = "is missing; it is sent, delivered, read or failed"
	}
	if r.Message == "" && len(r.Attachments) == 0 {
		text = "is missing, and there is no attachment either"
	}
	if !r.ReplyBy.IsZero() {
		replyBy = timeProblem(r.ReplyBy)
	}
	if err := firstProblem(
		FieldError{"ID", idProblem(r.ID)},
		FieldError{"ProviderChannelID", idProblem(r.ProviderChannelID)},
		FieldError{"ConversationID", idProblem(r.ConversationID)},
		FieldError{"SenderID", idProblem(r.SenderID)},
		FieldError{"Message", text},
		FieldError{"CreatedAt", timeProblem(r.CreatedAt)},
		FieldError{"ReplyBy", replyBy},
		FieldError{"ConversationLink", ifGiven(r.ConversationLink, urlProblem)},
		FieldError{"Status", status},
	); err != nil {
		return err
	}
	for i := range r.Attachments {
		if err := r.Attachments[i].validate(); err != nil {
			err.Field = "Attachments[" + strconv.Itoa(i) + "]." + err.Field
			return err
		}
	}
	return nil
}

func (a *Attachment) validate() *FieldError {
	size := ""
	if math.IsNaN(a.Size) || math.IsInf(a.Size, 0) || a.Size < 0 {
		size = fmt.Sprintf("is %v, which is no size", a.Size)
	}
	return first(
		FieldError{"Size", size},
		FieldError{"Type", mediaTypeProblem(a.Type)},
		FieldError{"ID", idProblem(a.ID)},
		FieldError{"URL", urlProblem(a.URL)},
		FieldError{"Name", textProblem(a.Name)},
		FieldError{"PreviewURL", ifGiven(a.PreviewURL, urlProblem)},
	)
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r DeleteChannelRequest) Validate() error {
	return firstProblem(FieldError{"ProviderChannelID", idProblem(r.ProviderChannelID)})
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r DeleteConversationRequest) Validate() error {
	return firstProblem(
		FieldError{"ProviderChannelID", idProblem(r.ProviderChannelID)},
		FieldError{"ConversationID", idProblem(r.ConversationID)},
	)
}

func ifGiven(text string, check func(string) string) string {
	if text == "" {
		return ""
	}
	return check(text)
}

// first returns the first of the fields that has a problem.
func first(fields ...FieldError) *FieldError {
	for i := range fields {
		if fields[i].Problem != "" {
			found := fields[i] // so that the others stay on the stack
			return &found
		}
	}
	return nil
}

// firstProblem is first for a caller that returns error: a nil *FieldError in an error is not nil.
func firstProblem(fields ...FieldError) error {
	if f := first(fields...); f != nil {
		return f
	}
	return nil
}

// Each of the following returns what is wrong, fit to follow a field's name, or nothing.

// idProblem refuses, beside what no text may be, the two ids that would change a path: a server
// resolves DELETE …/conversations/.. to the channel. Every id becomes part of a path sooner or
// later, if only when Pipedrive asks the app for it.
func idProblem(id string) string {
	if id == "." || id == ".." {
		return fmt.Sprintf("is %q, which would change the path of the request", id)
	}
	if strings.ContainsFunc(id, unicode.IsControl) {
		return "has a control character"
	}
	if strings.Contains(id, "\uFEFF") { // nobody sees it, and with it the id is another one
		return "has a byte order mark"
	}
	return required(id)
}

// required refuses a text that says nothing.
func required(text string) string {
	if strings.TrimSpace(text) == "" {
		return "is missing"
	}
	return textProblem(text)
}

// textProblem refuses what JSON cannot carry: the encoder would replace it in silence.
func textProblem(text string) string {
	if !utf8.ValidString(text) {
		return "is not valid UTF-8"
	}
	return ""
}

// timeProblem refuses a year that YYYY-MM-DD cannot carry. The zero time is missing.
func timeProblem(t time.Time) string {
	if t.IsZero() {
		return "is missing"
	}
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return fmt.Sprintf("is in the year %d, which YYYY-MM-DD cannot carry", year)
	}
	return ""
}

// urlProblem refuses what is not an absolute http or https URL.
func urlProblem(text string) string {
	if text == "" {
		return "is missing"
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "is not an absolute http or https URL"
	}
	return textProblem(text)
}

// mediaTypeProblem refuses what is not a mime type, with or without parameters.
func mediaTypeProblem(text string) string {
	media, _, _ := strings.Cut(text, ";")
	kind, sub, _ := strings.Cut(media, "/")
	if kind == "" || sub == "" || strings.Contains(strings.TrimSpace(media), " ") || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Sprintf("is %q, which is not a mime type such as image/png", text)
	}
	return textProblem(text)
}
