package storetest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/storetest"
)

// A store is judged in a test of its own: func TestStore(t *testing.T) { judge(t) }.
func judge(t *testing.T) {
	t.Helper()
	storetest.Run(t, func(testing.TB) storetest.Storage {
		store := new(auth.MemoryStore) // a store on a database opens a connection for each
		return storetest.Storage{Open: func() auth.Store { return store }}
	})
}

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	judge(t)
}

func Example() {
	// What Run asks of a store, in short: an Update reads what the last one saved.
	store, key := new(auth.MemoryStore), auth.Installation{CompanyID: 1001, UserID: 42}
	for range 2 {
		err := store.Update(context.Background(), key, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
			fmt.Printf("%d bytes before\n", len(r))
			return save(auth.Record("twelve bytes"))
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 0 bytes before
	// 12 bytes before
}
