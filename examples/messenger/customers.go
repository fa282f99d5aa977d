package messenger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// What is kept, at most: it is all in memory.
const (
	maxCustomers = 200
	maxMessages  = 1000 // of a customer
)

// ErrFull says that the messenger keeps no more.
var ErrFull = errors.New("messenger: it keeps no more customers, or no more messages of this one")

// NewWithHistory returns a messenger with 32 conversations: the first of 35 messages, the others of one.
func NewWithHistory(url string) *Messenger {
	m := New(url)
	customers := strings.Fields("nils ada bo cleo dag eva finn gus hilde ida jan kim lou max noor ole pia quin rik siri tove uli vera wim xen yara zoe anna bram carl dora emil")
	m.files.Store("prices", []byte("chain: 29\n"))
	for n := range 66 {
		_, _ = m.Add(customers[max(0, n-34)], provider.Message{ // there is room
			Status: provider.StatusRead, CreatedAt: time.Date(2026, 2, 1, 8, n, 0, 0, time.UTC),
			SenderID: "rosa", Message: "Here are the prices.", Attachments: []provider.Attachment{{ID: "prices", Type: "text/plain", Name: "prices.txt", LinkExpires: true}},
		})
	}
	return m
}

// Customers returns the ids of the customers, in the order in which they came.
func (m *Messenger) Customers() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.customers)
}

// Name names a customer, who need not have written yet.
func (m *Messenger) Name(customer, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names[customer] = name
}

// Add adds a message to the conversation of a customer, who may be new, and returns it with its id. It
// returns [ErrFull] when there is no room.
func (m *Messenger) Add(customer string, message provider.Message) (provider.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages, known := m.messages[customer]
	if len(messages) == maxMessages || !known && len(m.customers) == maxCustomers {
		return provider.Message{}, ErrFull
	}
	if !known {
		m.customers = append(m.customers, customer)
	}
	message.ID = fmt.Sprint(customer, ".", len(messages)+1)
	m.messages[customer] = append(messages, message)
	return message, nil
}

// SetStatus gives a message another status, and reports whether it had a different one. A message that is read stays so.
func (m *Messenger) SetStatus(id string, status provider.MessageStatus) bool {
	customer, _, _ := strings.Cut(id, ".")
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.messages[customer] {
		if message := &m.messages[customer][i]; message.ID == id {
			changes := message.Status != status && message.Status != provider.StatusRead
			if changes {
				message.Status = status
			}
			return changes
		}
	}
	return false
}

// File returns the content of a file, nil if there is none.
func (m *Messenger) File(key string) []byte {
	content, _ := m.files.Load(key)
	file, _ := content.([]byte)
	return file
}
