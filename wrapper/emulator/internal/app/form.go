// The form of postMessage.

package app

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// Form is a message on its way to an app.
type Form struct {
	Message, SenderID, ConversationID string
	RecipientIDs                      []string
	Files                             []File
}

// File is a file of a message.
type File struct {
	Name, Type string
	Content    []byte
}

// encode writes the form: the recipients as the guide spells them, the files last. A field
// without a value is left out.
func (f Form) encode() (io.Reader, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, field := range [][2]string{
		{"message", f.Message},
		{"senderId", f.SenderID},
		{"conversationId", f.ConversationID},
		{"recipientIds[]", strings.Join(f.RecipientIDs, ",")},
	} {
		if field[1] == "" {
			continue
		}
		if err := w.WriteField(field[0], field[1]); err != nil {
			return nil, "", err
		}
	}
	for _, file := range f.Files {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition("files", file.Name)},
			"Content-Type":        {file.Type},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(file.Content); err != nil {
			return nil, "", err
		}
	}
	err := w.Close()
	return &b, w.FormDataContentType(), err
}
