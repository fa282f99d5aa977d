package outbox_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/fakeapi"
)

// A conversation that is freed while later messages are being read must not begin in its middle.
func TestAConversationFreedMeanwhileKeepsItsOrder(t *testing.T) {
	t.Parallel()
	onEach(t, func(s *scene) {
		t := s.t
		var accept atomic.Bool
		gate := make(chan struct{})
		s.api.Respond = func(m fakeapi.Message) (int, string) {
			switch {
			case m.Conversation == "other" && m.Text == "number 1":
				<-gate
			case m.Conversation == "c" && !accept.Load():
				return http.StatusBadRequest, refusal
			}
			return 0, ""
		}
		o := s.open(s.config())
		s.run(o)
		s.append(o, "a", message("c", 1))
		s.eventually("it is parked", func() bool { return s.stats(o, "a").Parked == 1 && s.idle(o, "a")() })
		s.append(o, "a", message("other", 1))
		s.append(o, "a", message("another", 1))
		s.eventually("a delivery is under way", s.arrived(1))
		accept.Store(true)
		parked, err := o.Parked(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Retry(t.Context(), parked[0].Number); err != nil {
			t.Fatal(err)
		}
		s.append(o, "a", message("c", 2), message("another", 2))
		s.eventually("the delivery has read what was appended last", func() bool { return len(texts(s.api.Accepted(), "another")) == 2 })
		close(gate)
		s.eventually("everything is delivered", s.arrived(5))
		if got := texts(s.api.Accepted(), "c"); !slices.Equal(got, []string{"number 1", "number 2"}) {
			t.Errorf("the conversation arrived as %q", got)
		}
	})
}
