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

// FieldError says which field of a request cannot be sent, and why. Nothing was sent.
type FieldError struct {
	Field   string // the Go name, such as Attachments[2].URL
	Problem string // what is wrong with it, such as "is missing"
}

// Error names the field and the problem.
func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r AddChannelRequest) Validate() error {
	switch r.ProviderType {
	case "", ProviderFacebook, ProviderWhatsApp, ProviderOther:
	default:
		return &FieldError{"ProviderType", fmt.Sprintf("is %q; Pipedrive knows facebook, whatsapp and other", r.ProviderType)}
	}
	return firstError(
		requiredText("Name", r.Name),
		validID("ProviderChannelID", r.ProviderChannelID),
		validURL("AvatarURL", r.AvatarURL, optional),
	)
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r ReceiveMessageRequest) Validate() error {
	if err := firstError(
		validID("ID", r.ID),
		validID("ProviderChannelID", r.ProviderChannelID),
		validID("ConversationID", r.ConversationID),
		validID("SenderID", r.SenderID),
		validText("Message", r.Message),
		validTime("CreatedAt", r.CreatedAt, required),
		validTime("ReplyBy", r.ReplyBy, optional),
		validURL("ConversationLink", r.ConversationLink, optional),
	); err != nil {
		return err
	}
	switch r.Status {
	case StatusSent, StatusDelivered, StatusRead, StatusFailed:
	case "":
		return &FieldError{"Status", "is missing; it is sent, delivered, read or failed"}
	default:
		return &FieldError{"Status", fmt.Sprintf("is %q; Pipedrive knows sent, delivered, read and failed", r.Status)}
	}
	if r.Message == "" && len(r.Attachments) == 0 {
		return &FieldError{"Message", "is missing, and there is no attachment either"}
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
	if math.IsNaN(a.Size) || math.IsInf(a.Size, 0) || a.Size < 0 {
		return &FieldError{"Size", fmt.Sprintf("is %v, which is no size", a.Size)}
	}
	media, _, _ := strings.Cut(a.Type, ";")
	kind, sub, _ := strings.Cut(media, "/")
	if kind == "" || sub == "" || strings.Contains(strings.TrimSpace(media), " ") || strings.ContainsFunc(a.Type, unicode.IsControl) {
		return &FieldError{"Type", fmt.Sprintf("is %q, which is no mime type such as image/png", a.Type)}
	}
	return first(
		validID("ID", a.ID),
		validText("Type", a.Type),
		validURL("URL", a.URL, required),
		validText("Name", a.Name),
		validURL("PreviewURL", a.PreviewURL, optional),
	)
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r DeleteChannelRequest) Validate() error {
	return firstError(validID("ProviderChannelID", r.ProviderChannelID))
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r DeleteConversationRequest) Validate() error {
	return firstError(
		validID("ProviderChannelID", r.ProviderChannelID),
		validID("ConversationID", r.ConversationID),
	)
}

const (
	required = true
	optional = false
)

// validID refuses, beside what no text may be, the two ids that would change a path:
// a server resolves DELETE …/conversations/.. to the channel. Every id becomes part of a
// path sooner or later, if only when Pipedrive asks the app for it.
func validID(field, id string) *FieldError {
	if id == "." || id == ".." {
		return &FieldError{field, fmt.Sprintf("is %q, which would change the path of the request", id)}
	}
	if strings.ContainsFunc(id, unicode.IsControl) {
		return &FieldError{field, "has a control character"}
	}
	return requiredText(field, id)
}

func requiredText(field, text string) *FieldError {
	if strings.TrimSpace(text) == "" {
		return &FieldError{field, "is missing"}
	}
	return validText(field, text)
}

// validText refuses what JSON cannot carry: the encoder would replace it in silence.
func validText(field, text string) *FieldError {
	if !utf8.ValidString(text) {
		return &FieldError{field, "is not valid UTF-8"}
	}
	return nil
}

func validTime(field string, t time.Time, isRequired bool) *FieldError {
	if t.IsZero() {
		if isRequired {
			return &FieldError{field, "is missing"}
		}
		return nil
	}
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return &FieldError{field, fmt.Sprintf("is in the year %d, which YYYY-MM-DD cannot tell", year)}
	}
	return nil
}

func validURL(field, text string, isRequired bool) *FieldError {
	if text == "" {
		if isRequired {
			return &FieldError{field, "is missing"}
		}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return &FieldError{field, "is not an absolute http or https URL"}
	}
	return validText(field, text)
}

func first(errs ...*FieldError) *FieldError {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// firstError is first for a caller that returns error: a nil *FieldError in an error is not nil.
func firstError(errs ...*FieldError) error {
	if err := first(errs...); err != nil {
		return err
	}
	return nil
}
