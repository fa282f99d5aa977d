// HTTP/1.1, as little of it as is needed to break it.

package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// wire is a request as it comes off a connection.
type wire struct {
	method, path string
	header       textproto.MIMEHeader
	reader       *bufio.Reader // where the body is
	read         bool          // it has been
	body         string
}

// serve answers what comes over a connection, until it is closed or breaks.
func (p *pipedrive) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for {
		r, err := readHeaders(reader)
		if err != nil || !p.exchange(conn, r) {
			return
		}
	}
}

// exchange answers one request, and reports whether another may follow on the connection.
func (p *pipedrive) exchange(conn net.Conn, r *request) bool {
	p.pause()
	s := p.plan.answers(r)
	if s.breaks != headersRead {
		if err := r.readBody(); err != nil {
			return false
		}
	}
	p.note(r)
	well := p.outcome(r, s.applied || s.breaks == whole && s.answer.status == 0, s.breaks == whole && s.answer.status == 0)
	if s.answer.status == 0 {
		well.header = s.answer.header
		s.answer = well
	}
	p.pause()
	text := s.answer.text(s.breaks)
	if text != "" {
		if _, err := io.WriteString(conn, text); err != nil {
			return false
		}
	}
	switch s.breaks {
	case whole:
		return true
	case silent, silentInBody:
		_, _ = io.Copy(io.Discard, conn) // until the client has enough of it
	default: // closed, when this returns
	}
	if tcp, ok := conn.(*net.TCPConn); ok && s.reset {
		_ = tcp.SetLinger(0)
	}
	return false
}

func (p *pipedrive) pause() {
	if p.travel != nil {
		<-time.After(p.travel())
	}
}

func readHeaders(reader *bufio.Reader) (*request, error) {
	text := textproto.NewReader(reader)
	line, err := text.ReadLine()
	if err != nil {
		return nil, err
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	method, rest, _ := strings.Cut(line, " ")
	path, _, _ := strings.Cut(rest, " ")
	r := &request{token: header.Get("Authorization") + header.Get("X-Api-Token")}
	r.wire = wire{method: method, path: strings.TrimPrefix(path, "/v1/channels"), header: header, reader: reader}
	segments := strings.Split(r.path, "/")
	switch {
	case method == http.MethodPost && r.path == "":
		r.operation = "addChannel"
	case method == http.MethodPost:
		r.operation = "receiveMessage"
	case len(segments) == 2:
		r.operation, r.id = "deleteChannel", segments[1]
	default:
		r.operation, r.id = "deleteConversation", segments[3]
	}
	return r, nil
}

// readBody reads the rest of the request, and what it says of itself. Once read it stays so.
func (r *request) readBody() error {
	if r.read {
		return nil
	}
	r.read = true
	length, _ := strconv.Atoi(r.header.Get("Content-Length"))
	body := make([]byte, length)
	if _, err := io.ReadFull(r.reader, body); err != nil || length == 0 {
		return err
	}
	r.body = string(body)
	var said struct {
		ID           string `json:"id"`
		Channel      string `json:"provider_channel_id"`
		Conversation string `json:"conversation_id"`
		Status       string `json:"status"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return err
	}
	r.id, r.conversation, r.status = said.ID+said.Channel, said.Conversation, said.Status
	return nil
}

// text is the answer on the wire, as far as it gets.
func (a answer) text(breaks point) string {
	if a.retryAt > 0 {
		a.header += "Retry-After: " + time.Now().Add(a.retryAt).UTC().Format(http.TimeFormat) + "\r\n"
	}
	kind := "application/json"
	if strings.HasPrefix(a.body, "<") {
		kind = "text/html"
	}
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s", a.status, http.StatusText(a.status), kind, a.header)
	half := a.body[:len(a.body)/2]
	switch breaks {
	case whole, afterwards:
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(a.body), a.body)
	case halfHeaders:
		return head[:len(head)-4]
	case midBody, silentInBody:
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(a.body), half)
	case midBodyOpen:
		return head + "Connection: close\r\n\r\n" + half
	case midBodyChunked:
		return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(half), half)
	default:
		return ""
	}
}
