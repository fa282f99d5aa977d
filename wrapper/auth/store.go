package auth

// This file states what a store is: the place where the tokens of the installations outlive
// the process.

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// An Installation names one installation of the app: the Pipedrive company and the user of it
// who installed the app. It is the key of everything stored. Both ids are positive.
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

// A StateStore is a [Store] that remembers for all hosts which states came back to the callback:
// [App.Handler] asks it, so that a state works once over all. Any other store leaves that to
// each host's memory.
type StateStore interface {
	Store

	// UseState notes that the state came back, and reports whether this is the first time. It need not
	// remember a state after its end.
	UseState(ctx context.Context, state string, ends time.Time) (first bool, err error)
}

// A Record is what a store keeps of one installation: bytes that only this package reads, at
// most about 64 KiB. They hold the tokens: keep them as a password is kept. Printing a Record
// shows none of it.
type Record []byte

// Format prints how long the record is, whatever the verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[record of %d bytes]", len(r)) }

// LogValue returns how long the record is.
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%v", r)) }

// A Store keeps one [Record] for each installation. [MemoryStore] keeps them for one process,
// package filestore for the processes of one host; write one on a database for more hosts,
// and let package storetest judge it. All methods may be called concurrently.
//
// One key names no installation: the zero [Installation]. [App.Install] writes a record without a
// credential to it, which proves that the store can be written before a code is spent.
type Store interface {
	// Load returns the record of the installation as it was last saved, or nil if there is
	// none. It does not wait for an Update under way. The caller may change what it gets.
	Load(ctx context.Context, key Installation) (Record, error)

	// Update calls f with the record as it was last saved, nil if there is none, while no
	// other Update of this key runs, in whatever process. Different keys do not wait for each
	// other. Waiting ends with ctx; then, or if the lock cannot be had, f is not called and
	// the error says why. Otherwise Update returns what f returns, with all that save has saved
	// staying saved, and the lock is free again even if f panics.
	//
	// save replaces the record. When it returns nil, every Load and Update sees the new record
	// from now on, and a crash does not lose it; when it fails, the record is the old one
	// or the new one, never less. It may be called several times. It fails once f has
	// returned, and, where a lock may expire (a lease), once the lock is no longer held; it
	// does not fail because ctx has ended.
	//
	// f's context is derived from ctx. Where a lock may expire it ends before the lock does,
	// early enough for f to notice and for one save.
	Update(ctx context.Context, key Installation, f func(ctx context.Context, record Record, save func(Record) error) error) error
}
