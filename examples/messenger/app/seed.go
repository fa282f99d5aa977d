// What was said before the app starts.

package app

import (
	"time"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// Shop is the name of the channel.
const Shop = "Rosa’s Bicycles"

// seed begins three conversations, so that the phone and the inbox look like those of a shop.
func seed(m *messenger.Messenger, now time.Time) {
	m.Name("nils", "Nils Holgersson")
	m.Name("dora", "Dora Wellington")
	m.Name("yusuf", "يوسف الحدّاد")
	ago := func(d time.Duration) time.Time { return now.Add(-d).Truncate(time.Minute) }
	for _, line := range []struct {
		customer, sender, text string
		at                     time.Time
	}{
		{"yusuf", "yusuf", "مرحبا، هل عندكم دراجات للأطفال؟", ago(51 * time.Hour)},
		{"yusuf", "rosa", "أهلاً يوسف! نعم، من ١٦ إلى ٢٤ بوصة.", ago(50 * time.Hour)},
		{"dora", "dora", "Is the blue one in stock? I would take two of them.", ago(28 * time.Hour)},
		{"dora", "rosa", "Yes, in both sizes. Shall I put two aside for you?", ago(27*time.Hour + 30*time.Minute)},
		{"dora", "dora", "Please do. I will come on Saturday 🚲", ago(27 * time.Hour)},
		{"nils", "nils", "Hi! My rear wheel clicks when I pedal uphill. Is that bad?", ago(25 * time.Hour)},
		{"nils", "rosa", "Good evening Nils. Does it click in every gear?", ago(24*time.Hour + 50*time.Minute)},
		{"nils", "nils", "Only in the smaller ones. The chain has seen many winters 🙂", ago(12 * time.Minute)},
		{"nils", "nils", "Could I bring it tomorrow at nine?", ago(11 * time.Minute)},
	} {
		status := provider.StatusRead
		if line.sender == line.customer && line.at.After(ago(time.Hour)) {
			status = provider.StatusDelivered
		}
		_, _ = m.Add(line.customer, provider.Message{SenderID: line.sender, Message: line.text, CreatedAt: line.at, Status: status}) // there is room
	}
}
