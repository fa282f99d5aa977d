package state_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

func newState(t *testing.T) (*state.State, *events.Log) {
	t.Helper()
	log := events.New(time.Now)
	s := state.New(log)
	if err := s.AddChannel(state.Channel{ID: "c"}, false, 0); err != nil {
		t.Fatal(err)
	}
	return s, log
}

func put(t *testing.T, s *state.State, m state.Message) {
	t.Helper()
	m.ChannelID = "c"
	if _, _, err := s.PutMessage(m, 0); err != nil {
		t.Fatal(err)
	}
}

// A message that is replaced again and again takes its place once, also among the events.
func TestReplacedMessagesAreLetGo(t *testing.T) {
	t.Parallel()
	s, log := newState(t)
	for i := range 100 {
		put(t, s, state.Message{ID: "m", ConversationID: "v", Message: fmt.Sprint(i, strings.Repeat("x", 1<<20))})
	}
	kept, gap := log.Since(0, 1000)
	if !gap || len(kept) > 32 {
		t.Errorf("%d replaced messages of 1 MiB are kept", len(kept))
	}
	if n := s.Counts(); n.Memory > 2<<20 {
		t.Errorf("%d bytes are counted", n.Memory)
	}
}

// What is kept of a conversation is what its messages say, however they came there.
func TestWhatIsKnownOfAConversationFollowsItsMessages(t *testing.T) {
	t.Parallel()
	s, log := newState(t)
	at := func(minute int) time.Time { return time.Date(2026, 3, 1, 8, minute, 0, 0, time.UTC) }
	check := func(step, want string) {
		t.Helper()
		var got []string
		page, totals := s.Conversations(state.Query{Now: at(0)})
		for _, c := range page {
			last := ""
			if c.Last != nil {
				last = c.Last.ID
			}
			got = append(got, fmt.Sprint(c.ID, " ", c.Messages, " ", c.Unread, " ", c.Failed, " ", last, " ", c.ReplyBy.Minute()))
		}
		if have := fmt.Sprint(strings.Join(got, "; "), " | ", totals.Unread, totals.Failed, totals.Closing); have != want {
			t.Errorf("%s: got %s, want %s", step, have, want)
		}
		// And so it is after a restart.
		again := state.New(events.New(time.Now))
		snapshot := s.Snapshot()
		if err := state.Check(snapshot); err != nil {
			t.Fatal(err)
		}
		if err := again.Load(snapshot, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, loaded := again.Conversations(state.Query{Now: at(0)}); loaded != totals {
			t.Errorf("%s: after a restart there are %+v, want %+v", step, loaded, totals)
		}
	}
	put(t, s, state.Message{ID: "m1", ConversationID: "v1", SenderID: "ada", CreatedAt: at(1), ReplyBy: at(30)})
	check("a message", "v1 1 1 0 m1 30 | 1 0 1")
	put(t, s, state.Message{ID: "m2", ConversationID: "v1", SenderID: "shop", CreatedAt: at(2), Status: "failed"})
	check("a second", "v1 2 2 1 m2 30 | 1 1 1")
	if err := s.Import(state.Conversation{ChannelID: "c", ID: "v1", Participants: []emulatorserver.Participant{{ID: "shop", Role: "source_user"}}}, nil, 0); err != nil {
		t.Fatal(err)
	}
	check("described: the shop is our side", "v1 2 1 1 m2 30 | 1 1 1")
	put(t, s, state.Message{ID: "m2", ConversationID: "v1", SenderID: "shop", CreatedAt: at(2), Status: "sent"})
	check("sent after all", "v1 2 1 0 m2 30 | 1 0 1")
	put(t, s, state.Message{ID: "m1", ConversationID: "v1", SenderID: "ada", CreatedAt: at(3)})
	check("corrected", "v1 2 1 0 m1 0 | 1 0 0")
	if err := s.MarkRead("c", "v1"); err != nil {
		t.Fatal(err)
	}
	check("read", "v1 2 0 0 m1 0 | 0 0 0")
	put(t, s, state.Message{ID: "m1", ConversationID: "v2", SenderID: "ada", CreatedAt: at(3)})
	check("moved", "v2 1 1 0 m1 0; v1 1 0 0 m2 0 | 1 0 0")
	if err := s.DeleteConversation("c", "v2", 0); err != nil {
		t.Fatal(err)
	}
	check("deleted", "v1 1 0 0 m2 0 | 0 0 0")
	if err := s.DeleteChannel("c", 0); err != nil || s.Counts() != (state.Counts{}) {
		t.Errorf("%v, and there is %+v after the end", err, s.Counts())
	}
	if log.Last() == 0 {
		t.Error("nothing was told")
	}
}
