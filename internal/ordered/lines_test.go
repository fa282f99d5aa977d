package ordered

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lines Lines[string]
		var order []int
		if err := lines.Enter(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		impatient, cancel := context.WithCancel(t.Context())
		for i := range 6 {
			go func() {
				ctx := t.Context()
				if i == 2 {
					ctx = impatient
				}
				if err := lines.Enter(ctx, "a"); err != nil {
					order = append(order, -1) // alone: the others wait
					return
				}
				order = append(order, i)
				<-time.After(time.Second)
				lines.Leave("a")
			}()
			synctest.Wait()
		}
		if err := lines.Enter(t.Context(), "b"); err != nil {
			t.Errorf("another key: %v", err)
		}
		lines.Leave("b")
		cancel()
		synctest.Wait()
		lines.Leave("a")
		<-time.After(time.Minute)
		if want := []int{-1, 0, 1, 3, 4, 5}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		lines.mu.Lock()
		defer lines.mu.Unlock()
		if len(lines.waiting) != 0 {
			t.Errorf("%d unused keys are remembered", len(lines.waiting))
		}
	})
}

// Whoever gives up in the moment its turn comes passes it on.
func TestGivenUpTurnIsPassedOn(t *testing.T) {
	t.Parallel()
	var lines Lines[string]
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := lines.Enter(ended, "a"); err != nil {
		t.Fatalf("a free key takes no waiting: %v", err)
	}
	if err := lines.Enter(ended, "a"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the context's error", err)
	}
	turn := make(chan struct{})
	lines.waiting["a"] = []chan struct{}{turn}
	lines.Leave("a")
	<-turn
	lines.giveUp("a", turn)
	if len(lines.waiting) != 0 {
		t.Error("the key is still taken")
	}
}

func TestLinesExclude(t *testing.T) {
	t.Parallel()
	var lines Lines[string]
	var group sync.WaitGroup
	counts := map[string]*int{"a": new(int), "b": new(int)}
	for range 100 {
		for key, n := range counts {
			group.Go(func() {
				if err := lines.Enter(t.Context(), key); err != nil {
					t.Error(err)
				}
				*n++ // a race, unless the key is held
				lines.Leave(key)
			})
		}
	}
	group.Wait()
	if *counts["a"] != 100 || *counts["b"] != 100 {
		t.Errorf("%d and %d, want 100 each", *counts["a"], *counts["b"])
	}
}
