// The form of postMessage.

package providercall

import (
	"bytes"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
)

// Form is a message on its way to an app.
type Form struct {
	Message, SenderID, ConversationID string
	RecipientIDs                      []string
	Files                             []File

	PlainRecipients bool // one field recipientIds for each, as the published OpenAPI description has them
	FilesFirst      bool
}

// File is a file of a message.
type File struct {
	Name, Type string
	Content    []byte
}

// encode writes the form: the recipients as the guide spells them, the files last, unless the
// form says otherwise. A field without a value is left out.
func (f Form) encode() ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	parts := []func(*multipart.Writer) error{f.writeFields, f.writeFiles}
	if f.FilesFirst {
		slices.Reverse(parts)
	}
	for _, write := range parts {
		if err := write(w); err != nil {
			return nil, "", err
		}
	}
	err := w.Close()
	return b.Bytes(), w.FormDataContentType(), err
}

func (f Form) writeFields(w *multipart.Writer) error {
	fields := [][2]string{{"message", f.Message}, {"senderId", f.SenderID}, {"conversationId", f.ConversationID}}
	if f.PlainRecipients {
		for _, id := range f.RecipientIDs {
			fields = append(fields, [2]string{"recipientIds", id})
		}
	} else {
		fields = append(fields, [2]string{"recipientIds[]", strings.Join(f.RecipientIDs, ",")})
	}
	for _, field := range fields {
		if field[1] == "" {
			continue
		}
		if err := w.WriteField(field[0], field[1]); err != nil {
			return err
		}
	}
	return nil
}

func (f Form) writeFiles(w *multipart.Writer) error {
	for _, file := range f.Files {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition("files", file.Name)},
			"Content-Type":        {file.Type},
		})
		if err != nil {
			return err
		}
		if _, err := part.Write(file.Content); err != nil {
			return err
		}
	}
	return nil
}
