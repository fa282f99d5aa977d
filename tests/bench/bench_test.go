package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// sent keeps the request that goes through it, and has it answered.
type sent struct {
	http.RoundTripper

	method, url string
	header      http.Header
	body        any
}

func (s *sent) RoundTrip(req *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.body); err != nil {
		return nil, err
	}
	s.method, s.url, s.header = req.Method, req.URL.String(), req.Header.Clone()
	req.Body = io.NopCloser(bytes.NewReader(text))
	return s.RoundTripper.RoundTrip(req)
}

// The figures compare nothing unless both sides do the same work.
func TestBothSidesDoTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		attachment bool
		tokens     source
	}{
		{"no attachment", false, staticToken},
		{"one attachment", true, staticToken},
		{"installed app", true, installed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const origin = "http://127.0.0.1"
			clientSent := &sent{RoundTripper: memory{answerTo(c.attachment)}}
			handSent := &sent{RoundTripper: memory{answerTo(c.attachment)}}

			client, err := newClient(t.Context(), origin, clientSent, noLimit, c.tokens)
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.ReceiveMessage(t.Context(), clientMessage(c.attachment))
			if err != nil {
				t.Fatal("client:", err)
			}
			byHand, err := newHandClient(origin+apiPath, handSent).receiveMessage(t.Context(), messageByHand(c.attachment))
			if err != nil {
				t.Fatal("by hand:", err)
			}

			if clientSent.method != handSent.method || clientSent.url != handSent.url {
				t.Errorf("client sent %s %s, by hand %s %s", clientSent.method, clientSent.url, handSent.method, handSent.url)
			}
			for _, name := range []string{"Authorization", "Content-Type", "Accept"} {
				if c, h := clientSent.header.Values(name), handSent.header.Values(name); len(c) != 1 || !reflect.DeepEqual(c, h) {
					t.Errorf("%s: client sent %q, by hand %q; want one value, and the same", name, c, h)
				}
			}
			if !reflect.DeepEqual(clientSent.body, handSent.body) {
				t.Errorf("client sent %v\nby hand     %v", clientSent.body, handSent.body)
			}
			if want := publicMessage(byHand); !reflect.DeepEqual(got, want) {
				t.Errorf("client read %+v\nby hand     %+v", got, want)
			}
			// The answer repeats the message, so a field that both sides lose is missed too.
			if want := publicMessage(messageByHand(c.attachment)); !reflect.DeepEqual(got, want) {
				t.Errorf("client read %+v\nsent        %+v", got, want)
			}
		})
	}
}

// publicMessage is what was read by hand, in the client's terms.
func publicMessage(m handMessage) channels.Message {
	out := channels.Message{
		ID:                m.ID,
		ProviderChannelID: m.ChannelID,
		ConversationID:    m.ConversationID,
		SenderID:          m.SenderID,
		Message:           m.Message,
		Status:            channels.MessageStatus(m.Status),
		CreatedAt:         m.CreatedAt,
		ReplyBy:           m.ReplyBy,
		ConversationLink:  m.ConversationLink,
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, channels.Attachment(a))
	}
	return out
}

// The process for virtual time is this program once more.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == inVirtualTime {
		main()
	}
	goleak.VerifyTestMain(m)
}

func TestRunPrintsEveryFigure(t *testing.T) {
	t.Parallel()
	var out, problems strings.Builder
	if code := run(t.Context(), []string{"-rounds", "1", "-calls", "10"}, &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, &problems)
	}
	for _, s := range scenarios {
		if !strings.Contains(out.String(), "\n"+s.name+"\n  time ") {
			t.Errorf("no figures of %q", s.name)
		}
	}
	for _, f := range fleets {
		if got := strings.Count(out.String(), "\n  "+f.name+" "); got != 2 { // in virtual time, and on loopback
			t.Errorf("figures of %q stand there %d times, want 2", f.name, got)
		}
	}
	for _, want := range []string{
		"\n  1 in flight ", "\n  50 in flight ", "npm client is left out: ",
		"\n  10 ", "\n  100 ", "\n  1000 ", "\n  10000 ",
		"30 conversations of 30 messages\n  requests a second ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if t.Failed() {
		t.Logf("printed:\n%s", &out)
	}
}

func TestRunPrintsWhatIsChosen(t *testing.T) {
	t.Parallel()
	var out, problems strings.Builder
	if code := run(t.Context(), []string{"-rounds", "1", "-calls", "10", "-only", "loopback"}, &out, &problems); code != 0 {
		t.Fatalf("exit code %d: %s", code, &problems)
	}
	if strings.Contains(out.String(), "memory:") || !strings.Contains(out.String(), "loopback:") {
		t.Errorf("want loopback alone, got:\n%s", &out)
	}
}

func TestRunRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-rounds", "0"}, {"-calls", "4"}, {"more"}, {"-unknown"}, {"-only", ""}, {"-only", "memory,speed"},
		{inVirtualTime}, {inVirtualTime, "0"}, {inVirtualTime, "many"},
	} {
		var out, problems strings.Builder
		if code := run(t.Context(), args, &out, &problems); code != 2 || problems.Len() == 0 || out.Len() != 0 {
			t.Errorf("%q: exit code %d, printed %q and %q; want 2 and a line on what is wrong", args, code, &out, &problems)
		}
	}
}

// Two requests in one write, each with a body that looks like the end of a head.
func TestLoopbackAnswersOncePerRequest(t *testing.T) {
	t.Parallel()
	server, err := listen([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	request := "POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n\r\n\r\n"
	if _, err := io.WriteString(conn, request+request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answers, err := io.ReadAll(conn)
	if got := strings.Count(string(answers), "HTTP/1.1 200 OK\r\n"); err != nil || got != 2 {
		t.Errorf("%d answers to two requests (%v):\n%s", got, err, answers)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1, 5}, 5},
		{[]float64{9, 1, 5, 3, 7}, 5},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func BenchmarkScenarios(b *testing.B) {
	for _, s := range scenarios {
		medium := "memory"
		if s.overLoopback {
			medium = "loopback"
		}
		b.Run(medium+"/"+s.name, func(b *testing.B) {
			sides, err := s.open(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer sides.close()
			for name, call := range map[string]func(context.Context) error{"ours": sides.ours, "by_hand": sides.byHand} {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if err := call(b.Context()); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
