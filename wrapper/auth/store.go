package auth

// This file defines what a store must do: keep the tokens of installations beyond the process.

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// An Installation names one installation of the app: a Pipedrive company, and the user of it who
// installed the app. It is the key of everything that is stored. Both ids are positive.
type Installation struct {
	CompanyID int64
	UserID    int64
}

// String returns a text such as "company 1001, user 42".
func (i Installation) String() string {
	return "company " + strconv.FormatInt(i.CompanyID, 10) + ", user " + strconv.FormatInt(i.UserID, 10)
}

func (i Installation) check() error {
	if i.CompanyID <= 0 || i.UserID <= 0 {
		return fmt.Errorf("auth: an installation has a positive company id and user id, not %d and %d", i.CompanyID, i.UserID)
	}
	return nil
}

// A StateStore is a [Store] that remembers for all hosts which states came back to the callback.
// With one, [App.Handler] accepts a state once on all hosts together; with any other store, once
// on each host.
type StateStore interface {
	Store

	// UseState notes that the state came back, and reports whether this was the first time. It need
	// not remember a state after ends.
	UseState(ctx context.Context, state string, ends time.Time) (first bool, err error)
}

// A Record is what a store keeps of one installation: bytes that only this package reads, at
// most about 64 KiB. They hold the tokens, so keep them like a password. Printing a Record
// shows only its length.
type Record []byte

// Format prints the length of the record, for every verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[record of %d bytes]", len(r)) }

// LogValue returns the length of the record.
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%v", r)) }

// A Store keeps one [Record] for each installation. [MemoryStore] is for one process, package
// filestore for the processes of one host; for several hosts, write one on a database and test
// it with package storetest. All methods may be called concurrently.
//
// The zero [Installation] is a key too, although no installation has it: [App.Install] writes a
// record without a credential to it, to prove that the store can be written before a code is
// spent.
type Store interface {
	// Load returns the record of the installation as it was last saved, or nil if there is
	// none. It does not wait for an Update under way. The caller may change the result.
	Load(ctx context.Context, key Installation) (Record, error)

	// Update calls f with the record as it was last saved, or nil if there is none, while no
	// other Update of this key runs in any process. Different keys do not wait for each
	// other. Waiting ends with ctx; then, or if the lock cannot be had, Update does not call f and
	// returns an error that says why. Otherwise it returns what f returns. Whatever save has
	// saved stays saved, and the lock is released even if f panics.
	//
	// save replaces the record. After it returned nil, every Load and Update sees the new record,
	// and a crash does not lose it; after it failed, the record is the old one or the new one,
	// never a mixture. f may call it several times. It fails once f has returned and, where a
	// lock can expire (a lease), once the lock is lost; it does not fail because ctx has ended.
	//
	// f's context is derived from ctx. Where a lock can expire, the context ends before the lock
	// does, early enough for f to notice and to save once.
	Update(ctx context.Context, key Installation, f func(ctx context.Context, record Record, save func(Record) error) error) error
}
