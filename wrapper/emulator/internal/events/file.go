// The events in a file: JSON lines that outlive the process.

package events

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// syncEvery is how long what was written may stay in the system's memory. A killed process loses
// nothing by it, only a machine that loses its power does.
const syncEvery = 100 * time.Millisecond

// maxEvents bounds what is read at once; the emulator holds some 300,000 short messages.
const maxEvents = 1_000_000

// maxLine bounds a line: a message has 1 MiB at most, and its texts may be escaped.
const maxLine = 16 << 20

// File is the file of a log. One process at a time has it open.
type File struct {
	path string
	lock *flock.Flock
	wait bool // for the disk, before each answer

	mu      sync.Mutex
	f       *os.File
	size    int64
	written int64 // how many writes
	synced  int64 // of them
	syncing bool  // somebody is at it
	ended   *sync.Cond
	failed  error
	closed  chan struct{}
	done    sync.WaitGroup
}

// Open opens a file, or makes it, and returns the events in it. A last line that is torn, as by a
// loss of power, is cut, and torn says how many bytes it had. wait makes [File.Wait] wait for the disk.
func Open(path string, wait bool) (file *File, found []Event, torn int, err error) {
	lock := flock.New(path + ".lock")
	if locked, err := lock.TryLock(); err != nil {
		return nil, nil, 0, err
	} else if !locked {
		return nil, nil, 0, fmt.Errorf("%s is in use by another emulator", path)
	}
	defer func() {
		if err != nil {
			_ = lock.Unlock()
		}
	}()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the caller's setting
	if err != nil {
		return nil, nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	found, size, torn, err := readFile(f)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	if err = f.Truncate(size); err != nil {
		return nil, nil, 0, err
	}
	if _, err = f.Seek(size, io.SeekStart); err != nil {
		return nil, nil, 0, err
	}
	file = &File{path: path, lock: lock, wait: wait, f: f, size: size, closed: make(chan struct{})}
	file.ended = sync.NewCond(&file.mu)
	file.done.Go(file.syncNowAndThen)
	return file, found, torn, nil
}

// readFile reads whole lines; size is where they end.
func readFile(f *os.File) (found []Event, size int64, torn int, err error) {
	lines := bufio.NewReaderSize(f, 1<<20)
	for over := false; !over; {
		var batch [][]byte
		for len(batch) < linesAtOnce && !over {
			line, err := lines.ReadBytes('\n')
			switch {
			case errors.Is(err, io.EOF):
				torn, over = len(line), true
			case err != nil:
				return nil, 0, 0, err
			default:
				batch = append(batch, line)
			}
		}
		events, wrong := decode(batch)
		for i, line := range batch {
			if wrong[i] == nil {
				size += int64(len(line))
				continue
			}
			if _, more := lines.Peek(1); i == len(batch)-1 && torn == 0 && errors.Is(more, io.EOF) {
				return append(found, events[:i]...), size, len(line), nil // the last one
			}
			return nil, 0, 0, fmt.Errorf("line %d is no event: %w", len(found)+i+1, wrong[i])
		}
		found = append(found, events...)
	}
	return found, size, torn, nil
}

// linesAtOnce are decoded side by side.
const linesAtOnce = 8192

func decode(lines [][]byte) (found []Event, wrong []error) {
	found, wrong = make([]Event, len(lines)), make([]error, len(lines))
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(lines); i += workers {
				wrong[i] = json.Unmarshal(lines[i], &found[i])
			}
		})
	}
	all.Wait()
	return found, wrong
}

// Read reads events as JSON lines; empty lines are passed over.
func Read(r io.Reader) (found []Event, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\xef\xbb\xbf")))
		if len(line) == 0 {
			continue
		}
		if len(found) == maxEvents {
			return nil, fmt.Errorf("there are more than %d events", maxEvents)
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d is no event: %w", number, err)
		}
		found = append(found, e)
	}
	return found, lines.Err()
}

// Encode writes events as JSON lines.
func Encode(list []Event) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, e := range list {
		if err := encoder.Encode(e); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// write appends an event. If it cannot be written whole, nothing of it stays.
func (f *File) write(e Event) error {
	line, err := Encode([]Event{e})
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return f.failed
	}
	n, err := f.f.Write(line)
	if err == nil {
		f.size += int64(n)
		f.written++
		return nil
	}
	if f.f.Truncate(f.size) != nil {
		f.failed = fmt.Errorf("%s could not be written, and is left torn: %w", f.path, err)
	} else if _, seek := f.f.Seek(f.size, io.SeekStart); seek != nil {
		f.failed = seek
	}
	return fmt.Errorf("%s could not be written: %w", f.path, err)
}

// Wait returns when all that was written before is on the disk, if the file was opened so. All who wait
// at once share one sync.
func (f *File) Wait() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.wait {
		return nil
	}
	for until := f.written; f.synced < until && f.failed == nil; {
		f.sync()
	}
	return f.failed
}

// sync brings what is written onto the disk, or waits for the one who does. The caller holds the lock, which
// is given up meanwhile.
func (f *File) sync() {
	if f.syncing {
		f.ended.Wait()
		return
	}
	written, file := f.written, f.f
	f.syncing = true
	f.mu.Unlock()
	err := file.Sync()
	f.mu.Lock()
	f.syncing = false
	f.ended.Broadcast()
	if err != nil && file == f.f {
		f.failed = fmt.Errorf("%s could not be synced: %w", f.path, err)
	}
	f.synced = max(f.synced, written)
}

func (f *File) syncNowAndThen() {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.mu.Lock()
			if f.synced < f.written && f.failed == nil {
				f.sync()
			}
			f.mu.Unlock()
		case <-f.closed:
			return
		}
	}
}

// Replace puts events in the place of all that the file has: wholly or not at all.
func (f *File) Replace(list []Event) error {
	content, err := Encode(list)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	next, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return err
	}
	_, err = next.Write(content)
	err = errors.Join(err, next.Sync())
	if err == nil {
		err = os.Rename(next.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, next.Close(), os.Remove(next.Name()))
	}
	_ = f.f.Close() // nobody reads it any more
	f.f, f.size, f.failed = next, int64(len(content)), nil
	f.synced = f.written
	return nil
}

// Close brings all onto the disk, and lets others open the file.
func (f *File) Close() error {
	close(f.closed)
	f.done.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.f.Sync(), f.f.Close(), f.lock.Unlock())
}
