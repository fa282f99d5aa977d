package channels

import (
	"fmt"
	"math"
	"strconv"

	"github.com/pdchannels/pdchannels/internal/field"
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
	return firstProblem(
		FieldError{"ProviderType", r.ProviderType.problem()},
		FieldError{"Name", field.Required(r.Name)},
		FieldError{"ProviderChannelID", field.ID(r.ProviderChannelID)},
		FieldError{"AvatarURL", ifGiven(r.AvatarURL, field.URL)},
	)
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r ReceiveMessageRequest) Validate() error {
	text, replyBy := field.Text(r.Message), ""
	if r.Message == "" && len(r.Attachments) == 0 {
		text = "is missing, and there is no attachment either"
	}
	if !r.ReplyBy.IsZero() {
		replyBy = field.Time(r.ReplyBy)
	}
	if err := firstProblem(
		FieldError{"ID", field.ID(r.ID)},
		FieldError{"ProviderChannelID", field.ID(r.ProviderChannelID)},
		FieldError{"ConversationID", field.ID(r.ConversationID)},
		FieldError{"SenderID", field.ID(r.SenderID)},
		FieldError{"Message", text},
		FieldError{"CreatedAt", field.Time(r.CreatedAt)},
		FieldError{"ReplyBy", replyBy},
		FieldError{"ConversationLink", ifGiven(r.ConversationLink, field.URL)},
		FieldError{"Status", r.Status.problem()},
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
		FieldError{"Type", field.MediaType(a.Type)},
		FieldError{"ID", field.ID(a.ID)},
		FieldError{"URL", field.URL(a.URL)},
		FieldError{"Name", field.Text(a.Name)},
		FieldError{"PreviewURL", ifGiven(a.PreviewURL, field.URL)},
	)
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r DeleteChannelRequest) Validate() error {
	return firstProblem(FieldError{"ProviderChannelID", field.ID(r.ProviderChannelID)})
}

// Validate reports, as a [*FieldError], the first field that cannot be right. The
// client does the same before it sends anything.
func (r DeleteConversationRequest) Validate() error {
	return firstProblem(
		FieldError{"ProviderChannelID", field.ID(r.ProviderChannelID)},
		FieldError{"ConversationID", field.ID(r.ConversationID)},
	)
}

func (t ProviderType) problem() string {
	switch t {
	case "", ProviderFacebook, ProviderWhatsApp, ProviderOther:
		return ""
	default:
		return fmt.Sprintf("is %q; Pipedrive knows facebook, whatsapp and other", string(t))
	}
}

func (s MessageStatus) problem() string {
	switch s {
	case StatusSent, StatusDelivered, StatusRead, StatusFailed:
		return ""
	case "":
		return "is missing; it is sent, delivered, read or failed"
	default:
		return fmt.Sprintf("is %q; Pipedrive knows sent, delivered, read and failed", string(s))
	}
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
