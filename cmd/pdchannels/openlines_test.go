package main

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// As long as the fate of one line is not known, only so much is read beyond it.
func TestReadingAheadIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int // of a line
		want int // how many are read
	}{
		"short lines": {10, maxOpenLines},
		"long lines":  {maxLine, maxOpenBytes / maxLine},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept, err := createUndelivered(filepath.Join(t.TempDir(), "kept"))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				open, text := newOpenLines(kept), []byte(strings.Repeat("x", c.size))
				read := 0
				go func() {
					for range c.want + 2 {
						open.add(line{text: text, last: true})
						read++
					}
				}()
				synctest.Wait()
				if read != c.want {
					t.Errorf("%d lines are read, want %d", read, c.want)
				}
				for index := c.want - 1; index >= 0; index-- { // what comes first is known last
					if _, err := open.settle(index, index == 7); err != nil {
						t.Error(err)
					}
				}
				synctest.Wait()
				if read != c.want+2 || len(open.queue) != 2 || open.bytes != 2*c.size {
					t.Errorf("%d lines are read, %d of them open, with %d bytes", read, len(open.queue), open.bytes)
				}
			})
			if kept.size != int64(c.size+1) {
				t.Errorf("%d bytes are kept", kept.size)
			}
			if err := kept.close(); err != nil {
				t.Error(err)
			}
		})
	}
}
