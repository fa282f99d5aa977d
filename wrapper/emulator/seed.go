// The seed that ships: a bicycle shop, whose inbox looks alive at once.

package emulator

import (
	"bytes"
	_ "embed" // for the seed
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
)

//go:embed seeds/bicycle-shop.jsonl
var bicycleShop []byte

// seedTime is when the seed is, so to speak.
var seedTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// DemoSeed returns a seed for [Config].Seed: two channels of a bicycle shop with some conversations, the
// latest of them minutes before now.
func DemoSeed(now time.Time) []byte {
	list, err := events.Read(bytes.NewReader(bicycleShop))
	if err != nil {
		panic("emulator: the seed that ships cannot be read: " + err.Error()) // a test reads it
	}
	by := now.UTC().Truncate(time.Second).Sub(seedTime)
	shift := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
	for i := range list {
		e := &list[i]
		shift(&e.Time)
		if e.Channel != nil {
			shift(&e.Channel.CreatedAt)
		}
		if e.Message != nil {
			shift(&e.Message.CreatedAt)
			shift(&e.Message.ReplyBy)
		}
	}
	lines, err := events.Encode(list)
	if err != nil {
		panic("emulator: the seed that ships cannot be written: " + err.Error())
	}
	return lines
}
