// Sources of messages for Deliver.

package faults

import (
	"fmt"
	"iter"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// source is what Deliver takes.
type source = iter.Seq2[channels.ReceiveMessageRequest, error]

// numbered is a source of n messages in so many conversations, which take turns. Their ids
// are message-0 and so on.
func numbered(n, conversations int) source {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for i := range n {
			if !yield(message(fmt.Sprintf("message-%d", i), fmt.Sprintf("conversation-%d", i%conversations)), nil) {
				return
			}
		}
	}
}

// some is a source without its first n messages.
func some(all source, n int) source {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for m, err := range all {
			if n--; n < 0 && !yield(m, err) {
				return
			}
		}
	}
}
