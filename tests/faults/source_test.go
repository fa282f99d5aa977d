package faults

import (
	"fmt"
	"iter"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// numbered is a source of n messages in so many conversations, which take turns. Their ids
// are message-0 and so on.
func numbered(n, conversations int) iter.Seq2[channels.ReceiveMessageRequest, error] {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for i := range n {
			if !yield(message(fmt.Sprintf("message-%d", i), fmt.Sprintf("conversation-%d", i%conversations)), nil) {
				return
			}
		}
	}
}
