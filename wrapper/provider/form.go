// The form of postMessage, read part by part as it arrives.

package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"slices"
	"strings"
	"time"
)

const (
	maxFields     = 100       // parts that are no files; a list of recipients may take many
	maxTextBytes  = 256 << 10 // of all of them together
	maxPartHeader = 16 << 10  // bytes, what the reader buffers ahead included
	maxRecipients = 1000
	maxIgnored    = 20 // things in one line of the log
)

// form is a message on its way in. Nothing of it is held but its documented fields: a file goes
// straight to the app, so that fields may follow it.
type form struct {
	*Handler
	body    *body
	message PostMessageRequest
	seen    map[string]bool // fields that may come once
	charset string          // of the fields that name none
	ignored []string        // what the app does not get
	parts   int             // that are no files, so far
	bytes   int             // of text, so far
}

func (h *Handler) newForm(ctx context.Context, channelID string) *form {
	b, _ := ctx.Value(bodyKey{}).(*body)
	return &form{
		Handler: h,
		body:    b,
		message: PostMessageRequest{ProviderChannelID: channelID},
		seen:    make(map[string]bool),
	}
}

// read fills the message.
func (f *form) read(ctx context.Context, parts *multipart.Reader) error {
	if f.body == nil {
		return invalidBody("the body is empty")
	}
	for n := 1; ; n++ {
		f.body.allow(maxPartHeader)
		raw, err := parts.NextRawPart()
		if err != nil && err != io.EOF { //nolint:errorlint // a wrapped io.EOF is a form without an end
			return f.explain(err)
		}
		if before, _ := f.body.cut("--" + f.body.boundary); n == 1 && hasPart(before) {
			return invalidBody("a part stands before the first boundary")
		}
		if err != nil {
			break
		}
		p, err := readPartHeaders(raw)
		if err != nil {
			return invalidBody(fmt.Sprintf("part %d of the form: %v", n, err))
		}
		f.body.allow(unbounded)
		if err := f.readPart(ctx, p); err != nil {
			return err
		}
	}
	// Only a body read to its end lets the server notice a caller that leaves.
	_, after := f.body.cut("--" + f.body.boundary + "--")
	after = slices.Clone(after)
	rest, err := io.ReadAll(f.body)
	if err != nil {
		return f.explain(err)
	}
	if hasPart(append(after, rest...)) {
		return invalidBody("a part follows the last boundary")
	}
	if f.ignored != nil {
		f.log.LogAttrs(ctx, slog.LevelWarn, "provider: parts of a message are unknown and were ignored", slog.Any("ignored", f.ignored))
	}
	return f.complete()
}

// hasPart reports whether a part of the form lies in text that belongs to none.
func hasPart(text []byte) bool {
	return bytes.Contains(bytes.ToLower(text), []byte("content-disposition"))
}

// explain returns the error to answer with when reading the form failed.
func (f *form) explain(err error) error {
	if f.body.err != nil && f.body.err != io.EOF { //nolint:errorlint // io.EOF comes bare
		return f.body.err
	}
	if errors.Is(err, ErrInvalidBody) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return invalidBody("the form is malformed: it ends before its closing boundary")
	}
	return invalidBody("the form is malformed: " + err.Error())
}

func (f *form) readPart(ctx context.Context, p *part) error {
	if p.isFile() && !p.isNoFile() {
		return f.readFile(ctx, p)
	}
	if f.parts++; f.parts > maxFields {
		return invalidBody(fmt.Sprintf("the form has more than %d fields", maxFields))
	}
	content, err := io.ReadAll(io.LimitReader(p.content, int64(maxTextBytes-f.bytes+1)))
	if err != nil {
		return f.explain(err)
	}
	if f.bytes += len(content); f.bytes > maxTextBytes {
		return invalidBody(fmt.Sprintf("the fields of the form are longer than %d bytes", maxTextBytes))
	}
	if p.isFile() {
		return nil // there is none in it
	}
	texts, err := p.texts(content, f.charset)
	if err != nil {
		return invalidBody(err.Error())
	}
	switch {
	case p.field == "":
		f.ignore("the field", p.name)
		return nil
	case p.field == fieldRecipients:
		return f.addRecipients(texts)
	case len(texts) > 1 || f.seen[p.field]:
		return invalidBody(fmt.Sprintf("the field %q comes twice", p.field))
	}
	f.seen[p.field] = true
	text := strings.Join(texts, "")
	switch p.field {
	case fieldMessage:
		f.message.Message = text
	case fieldSender:
		f.message.SenderID = text
	case fieldConversation:
		f.message.ConversationID = text
	case fieldCharset:
		f.charset = text
	}
	return nil
}

// ignore notes for the log what is not understood and does no harm.
func (f *form) ignore(what, sent string) {
	if len(f.ignored) < maxIgnored {
		f.ignored = append(f.ignored, fmt.Sprintf("%s %.100q", what, sent))
	}
}

// addRecipients adds ids. One that comes in both spellings of the field is one recipient.
func (f *form) addRecipients(ids []string) error {
	for _, id := range ids {
		if id != "" && !slices.Contains(f.message.RecipientIDs, id) {
			f.message.RecipientIDs = append(f.message.RecipientIDs, id)
		}
		if len(f.message.RecipientIDs) > maxRecipients {
			return invalidBody(fmt.Sprintf("the message has more than %d recipients", maxRecipients))
		}
	}
	return nil
}

func (f *form) readFile(ctx context.Context, p *part) error {
	if f.fileReceiver == nil {
		return invalidBody("the app takes no files")
	}
	if len(f.message.Files) == f.limits.Files {
		return invalidBody(fmt.Sprintf("the message has more than %d files", f.limits.Files))
	}
	content := &fileReader{r: p.content, left: f.limits.FileBytes}
	if p.wrongType != "" {
		f.ignore("the Content-Type", p.wrongType)
	}
	file := ReceivedFile{Name: harmlessName(p.filename), Type: p.fileType}
	key, err := f.fileReceiver.ReceiveFile(ctx, ReceiveFileRequest{
		ProviderChannelID: f.message.ProviderChannelID,
		Name:              file.Name,
		Type:              file.Type,
		Content:           content,
	})
	if err == nil {
		// What the app did not read must still be drained, and counts.
		_, _ = io.Copy(io.Discard, content)
		file.Key, file.Size = key, f.limits.FileBytes-content.left
		f.message.Files = append(f.message.Files, file)
	}
	if content.err != nil && content.err != io.EOF { //nolint:errorlint // io.EOF comes bare
		return f.explain(content.err) // whatever the app made of it
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

// complete refuses a message that goes nowhere.
func (f *form) complete() error {
	m := &f.message
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
