// How the demo looks: titles, exchanges, and checks.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// stage is where the demo plays.
type stage struct {
	to     *output
	colour palette
	start  time.Time

	mu        sync.Mutex
	exchanges int
	checks    int
}

func (s *stage) open(title, text string) { s.to.printf("\n%s\n%s\n", s.colour.bold(title), text) }

func (s *stage) step(number int, title string) {
	s.to.printf("\n%s\n", s.colour.bold(fmt.Sprintf("%d  %s", number, title)))
}

func (s *stage) says(who, text string, attachments int) {
	if attachments > 0 {
		text += fmt.Sprintf(" [+%d]", attachments)
	}
	s.to.printf("   %s\n", s.colour.dim(who+": "+text))
}

// check shows what is true, or returns an error that says what is not.
func (s *stage) check(ok bool, yes, no string) error {
	if !ok {
		return errors.New(no)
	}
	s.checks++
	s.to.printf("   %s %s\n", s.colour.good("✓"), yes)
	return nil
}

func (s *stage) failed(err error) { s.to.printf("   %s %s\n", s.colour.bad("✗"), plain(err)) }

func (s *stage) close(next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to.printf("\n%s\n%s\n\n", s.colour.bold(fmt.Sprintf("%d exchanges and %d checks in %v, and all is well.",
		s.exchanges, s.checks, time.Since(s.start).Round(time.Millisecond))), next)
}

// exchange is one request and its answer.
type exchange struct {
	method, path string
	status       int    // 0 if no answer came
	code         string // of an error, if the API sent one
	took         time.Duration
	by           string // who called whom; empty if the app called Pipedrive
}

func (s *stage) exchange(e exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchanges++
	result := s.colour.bad("no answer")
	if e.status != 0 {
		result = s.colour.status(e.status)
	}
	if e.code != "" {
		result += " " + s.colour.warn(e.code)
	}
	s.to.printf("   %s %s → %s %s\n", s.colour.bold(fmt.Sprintf("%-6s", e.method)), e.path, result,
		s.colour.dim(strings.TrimRight(fmt.Sprintf(" %.1f ms  %s", float64(e.took.Microseconds())/1000, e.by), " ")))
}

// observer shows every exchange of the next transport. It reads no header, and no body but an
// error's.
type observer struct {
	next http.RoundTripper
	show func(exchange)
	by   string
}

// RoundTrip makes the exchange and shows it.
func (o *observer) RoundTrip(r *http.Request) (*http.Response, error) {
	e := exchange{method: r.Method, path: r.URL.EscapedPath(), by: o.by}
	start := time.Now()
	resp, err := o.next.RoundTrip(r)
	e.took = time.Since(start)
	if err == nil {
		e.status = resp.StatusCode
		if e.status >= 400 {
			e.code = peekCode(resp)
		}
	}
	o.show(e)
	return resp, err
}

// peekCode reads the code of an error and leaves the answer unread.
func peekCode(resp *http.Response) string {
	const enough = 4 << 10
	start, _ := io.ReadAll(io.LimitReader(resp.Body, enough))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), resp.Body), resp.Body}
	var envelope struct {
		AdditionalData struct {
			Code string `json:"code"`
		} `json:"additional_data"`
	}
	_ = json.Unmarshal(start, &envelope) // without a code there is none to show
	return envelope.AdditionalData.Code
}
