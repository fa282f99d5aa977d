package outbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/internal/fakeapi"
)

func TestMessagesOfAConversationArriveInOrder(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		o := s.open(s.config())
		s.run(o)
		const conversations, each = 10, 30
		for n := range each {
			var batch []channels.ReceiveMessageRequest
			for c := range conversations {
				batch = append(batch, message(fmt.Sprintf("c%d", c), n))
			}
			s.append(o, []string{"a", "b"}[n%2], batch...)
		}
		s.eventually("everything is delivered", s.arrived(conversations*each))
		for c := range conversations {
			for i, installation := range []string{"a", "b"} {
				var got []string
				for _, m := range s.api.Accepted() {
					if m.Token == installation && m.Conversation == fmt.Sprintf("c%d", c) {
						got = append(got, m.Text)
					}
				}
				var want []string
				for n := i; n < each; n += 2 {
					want = append(want, fmt.Sprintf("number %d", n))
				}
				if !slices.Equal(got, want) {
					t.Errorf("conversation %d of %s arrived as %q", c, installation, got)
				}
			}
		}
	})
}

func TestMessagesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		first := s.open(s.config())
		s.append(first, "a", message("c", 1), message("c", 2))
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		s.run(s.open(s.config()))
		s.eventually("both are delivered", s.arrived(2))
	})
}

func TestStatusesOfOneMessageAreNotReordered(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		o := s.open(s.config())
		statuses := []channels.MessageStatus{channels.StatusSent, channels.StatusDelivered, channels.StatusRead}
		for _, status := range statuses {
			for n := range 20 {
				m := message(fmt.Sprintf("c%d", n%3), n)
				m.Status = status
				s.append(o, "a", m)
			}
		}
		s.run(o)
		s.eventually("everything is delivered", s.arrived(60))
		got := map[string][]string{}
		for _, m := range s.api.Accepted() {
			got[m.ID] = append(got[m.ID], m.Status)
		}
		for id, statuses := range got {
			if strings.Join(statuses, " ") != "sent delivered read" {
				t.Errorf("message %s became %q", id, statuses)
			}
		}
	})
}

const refusal = `{"success":false,"error":"Bad request","additional_data":{"code":"INVALID_RECEIVE_MESSAGE_PAYLOAD"}}`

// refuseUntil refuses the messages with a text until the flag is set.
func refuseUntil(api *fakeapi.API, text string, accept *atomic.Bool) {
	api.Respond = func(m fakeapi.Message) (int, string) {
		if m.Text == text && !accept.Load() {
			return http.StatusBadRequest, refusal
		}
		return 0, ""
	}
}

func TestARefusedMessageHoldsItsConversation(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		var accept atomic.Bool
		refuseUntil(s.api, "number 2", &accept)
		o := s.open(s.config())
		s.run(o)
		s.append(o, "a", message("c", 1), message("c", 2), message("c", 3), message("other", 1))
		s.eventually("all but the held ones are delivered", func() bool { return s.stats(o, "a").Parked == 1 && s.idle(o, "a")() })
		s.append(o, "a", message("c", 4), message("other", 3))
		s.eventually("the other conversation goes on", func() bool { return len(texts(s.api.Accepted(), "other")) == 2 })
		s.eventually("the installation is idle", s.idle(o, "a"))
		if got := texts(s.api.Accepted(), "c"); !slices.Equal(got, []string{"number 1"}) {
			t.Fatalf("the held conversation arrived as %q", got)
		}
		parked, err := o.Parked(t.Context(), "a")
		if err != nil || len(parked) != 1 {
			t.Fatalf("Parked: %v, %v", parked, err)
		}
		if p := parked[0]; p.Message.Message != "number 2" || !strings.Contains(p.Problem, "INVALID_RECEIVE_MESSAGE_PAYLOAD") || p.Attempts != 1 {
			t.Errorf("parked is %+v", p)
		}

		accept.Store(true)
		if err := o.Retry(t.Context(), parked[0].Number); err != nil {
			t.Fatal(err)
		}
		s.eventually("the conversation goes on", func() bool { return len(texts(s.api.Accepted(), "c")) == 4 })
		if got := texts(s.api.Accepted(), "c"); !slices.Equal(got, []string{"number 1", "number 2", "number 3", "number 4"}) {
			t.Errorf("the conversation arrived as %q", got)
		}
	})
}

func TestADroppedMessageFreesItsConversation(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		refuseUntil(s.api, "number 1", new(atomic.Bool))
		o := s.open(s.config())
		s.run(o)
		s.append(o, "a", message("c", 1), message("c", 3))
		s.eventually("one is parked", func() bool { return s.stats(o, "a").Parked == 1 })
		parked, err := o.Parked(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Drop(t.Context(), parked[0].Number); err != nil {
			t.Fatal(err)
		}
		s.eventually("the other is delivered", s.arrived(1))
		if err := o.Drop(t.Context(), parked[0].Number); err == nil {
			t.Errorf("a message that is not parked any more was dropped")
		}
	})
}

func TestAFailureIsTriedAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		var failures atomic.Int64
		s.api.Respond = func(m fakeapi.Message) (int, string) {
			if m.Conversation == "c" && failures.Add(1) <= 4 { // as many as a call makes attempts
				return http.StatusBadGateway, "<html>bad gateway</html>"
			}
			return 0, ""
		}
		o := s.open(s.config())
		s.run(o)
		s.append(o, "a", message("c", 1), message("c", 2), message("other", 1))
		s.eventually("all three are delivered", s.arrived(3))
		if got := texts(s.api.Accepted(), "c"); !slices.Equal(got, []string{"number 1", "number 2"}) {
			t.Errorf("the conversation arrived as %q", got)
		}
		if n := s.stats(o, "a").Parked; n != 0 {
			t.Errorf("%d messages are parked", n)
		}
	})
}

func TestAnInstallationWithoutTokensSleepsAndWakes(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		var authorized atomic.Bool
		s.api.Respond = func(m fakeapi.Message) (int, string) {
			if m.Token == "a" && !authorized.Load() {
				return http.StatusUnauthorized, `{"success":false,"error":"unauthorized access","errorCode":401}`
			}
			return 0, ""
		}
		o := s.open(s.config())
		s.run(o)
		s.append(o, "a", message("c", 1), message("c", 2))
		s.append(o, "b", message("c", 1))
		s.eventually("the other installation is served", s.arrived(1))
		s.eventually("the installation sleeps", func() bool { return s.stats(o, "a").Asleep != "" })
		authorized.Store(true)
		s.eventually("it wakes by itself", s.arrived(3))
	})
}

func TestAProcessThatEndsHandsItsWorkOn(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		answers := make(chan struct{}, 300)
		s.api.Respond = func(fakeapi.Message) (int, string) {
			<-answers
			return 0, ""
		}
		answer := func(n int) {
			for range n {
				answers <- struct{}{}
			}
		}
		first := s.open(s.config())
		stop := s.run(first)
		var messages []channels.ReceiveMessageRequest
		for n := range 300 {
			messages = append(messages, message(fmt.Sprintf("c%d", n%7), n))
		}
		s.append(first, "a", messages...)
		answer(50)
		s.eventually("some are delivered", s.arrived(50))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			stop()
		}()
		answer(250)
		<-ended
		before := len(s.api.Accepted())
		s.run(s.open(s.config()))
		s.eventually("the others are delivered", s.arrived(300))
		if n := len(s.api.Accepted()); before == 300 || n > 300 {
			t.Errorf("%d messages arrived, of 300: %d before the first process ended", n, before)
		}
		if n := s.stats(first, "a").Takeovers; n != 0 {
			t.Errorf("the end of the first process counts as its death")
		}
	})
}
