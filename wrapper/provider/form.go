// The form of postMessage, read part by part as it arrives.

package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxFields     = 16       // parts that are no files; four are documented
	maxFieldBytes = 64 << 10 // of one of them
	maxPartHeader = 16 << 10 // bytes, what the reader buffers ahead included
)

// form is a message on its way in. Nothing of it is held but its fields: a file goes
// straight to the app, so that fields may follow it.
type form struct {
	*Handler
	body    *body
	message PostMessageRequest
	fields  map[string]string
}

func (h *Handler) newForm(ctx context.Context, channelID string) *form {
	b, _ := ctx.Value(bodyKey{}).(*body)
	return &form{
		Handler: h,
		body:    b,
		message: PostMessageRequest{ProviderChannelID: channelID},
		fields:  make(map[string]string),
	}
}

// read fills the message.
func (f *form) read(ctx context.Context, parts *multipart.Reader) error {
	if f.body == nil {
		return invalidBody("the body is empty")
	}
	for {
		f.body.allow(maxPartHeader)
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return f.explain(err)
		}
		f.body.allow(unbounded)
		if err := f.readPart(ctx, part); err != nil {
			return err
		}
	}
	// Only a body read to its end lets the server notice a caller that leaves.
	f.body.allow(maxPartHeader)
	if _, err := io.Copy(io.Discard, f.body); err != nil {
		return f.explain(err)
	}
	return f.complete()
}

// explain returns the error to answer with when reading the form failed.
func (f *form) explain(err error) error {
	if f.body.err != nil && f.body.err != io.EOF { //nolint:errorlint // io.EOF comes bare
		return f.body.err
	}
	return &Error{Code: CodeInvalidBody, Message: "the form is malformed: " + err.Error()}
}

func (f *form) readPart(ctx context.Context, part *multipart.Part) error {
	name := strings.TrimSuffix(part.FormName(), "[]")
	if name == "files" || part.FileName() != "" {
		return f.readFile(ctx, part)
	}
	if len(f.fields) == maxFields {
		return invalidBody(fmt.Sprintf("the form has more than %d fields", maxFields))
	}
	text, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
	switch {
	case err != nil:
		return f.explain(err)
	case len(text) > maxFieldBytes:
		return invalidBody(fmt.Sprintf("the field %q is longer than %d bytes", name, maxFieldBytes))
	case !utf8.Valid(text):
		return invalidBody(fmt.Sprintf("the field %q is not UTF-8", name))
	}
	if name == "recipientIds" {
		f.message.RecipientIDs = append(f.message.RecipientIDs, recipients(string(text))...)
		return nil
	}
	if _, again := f.fields[name]; again {
		return invalidBody(fmt.Sprintf("the field %q comes twice", name))
	}
	f.fields[name] = string(text)
	return nil
}

// recipients splits what may be one id or several.
func recipients(joined string) []string {
	return slices.DeleteFunc(strings.Split(joined, ","), func(id string) bool { return id == "" })
}

func (f *form) readFile(ctx context.Context, part *multipart.Part) error {
	if f.fileReceiver == nil {
		return invalidBody("the app takes no files")
	}
	if len(f.message.Files) == f.limits.Files {
		return invalidBody(fmt.Sprintf("the message has more than %d files", f.limits.Files))
	}
	content := &fileReader{r: part, left: f.limits.FileBytes}
	file := ReceivedFile{Name: harmlessName(part.FileName()), Type: "application/octet-stream"}
	if claimed := part.Header.Get("Content-Type"); claimed != "" {
		if mediaType, params, err := mime.ParseMediaType(claimed); err == nil {
			file.Type = mime.FormatMediaType(mediaType, params)
		}
	}
	key, err := f.fileReceiver.ReceiveFile(ctx, ReceiveFileRequest{
		ProviderChannelID: f.message.ProviderChannelID,
		Name:              file.Name,
		Type:              file.Type,
		Content:           content,
	})
	if err == nil {
		// What the app did not want to read still has to be gone past, and counts.
		_, _ = io.Copy(io.Discard, content)
		file.Key, file.Size = key, f.limits.FileBytes-content.left
		f.message.Files = append(f.message.Files, file)
	}
	switch {
	case errors.Is(content.err, ErrInvalidBody):
		return content.err
	case content.err != nil && content.err != io.EOF: //nolint:errorlint // io.EOF comes bare
		return f.explain(content.err)
	}
	return err
}

// fileReader bounds a file, and remembers how reading it ended.
type fileReader struct {
	r    io.Reader
	left int64
	err  error
}

func (r *fileReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left+1)])
	r.left -= int64(n)
	if r.left < 0 {
		err = invalidBody("a file is too long")
	}
	r.err = err
	return n, err
}

// complete moves the fields to their places and refuses a message that goes nowhere.
func (f *form) complete() error {
	m := &f.message
	m.Message, m.SenderID, m.ConversationID = f.fields["message"], f.fields["senderId"], f.fields["conversationId"]
	switch {
	case m.SenderID == "":
		return invalidBody("senderId is missing")
	case m.ConversationID == "":
		return invalidBody("conversationId is missing")
	case m.Message == "" && len(m.Files) == 0:
		return invalidBody("the message has neither text nor files")
	}
	return nil
}

// discard tells the app of the files that no message will come for.
func (f *form) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, file := range f.message.Files {
		if err := f.fileReceiver.DiscardFile(ctx, file.Key); err != nil {
			f.log.LogAttrs(ctx, slog.LevelError, "provider: a file without a message was not discarded",
				slog.String("key", file.Key), slog.Any("error", err))
		}
	}
}
