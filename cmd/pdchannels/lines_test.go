package main

import (
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func allLines(in io.Reader) (lines []line) {
	for l := range readLines(in, nil) {
		lines = append(lines, l)
	}
	return lines
}

func TestLinesAreRead(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]io.Reader{
		"at once":      strings.NewReader("\uFEFFone\n\n two\r\nthree"),
		"byte by byte": iotest.OneByteReader(strings.NewReader("\uFEFFone\n\n two\r\nthree")),
	} {
		got := allLines(in)
		if len(got) != 4 || string(got[0].text) != "one" || !got[1].blank() || string(got[2].text) != " two\r" || string(got[3].text) != "three" {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i, l := range got {
			if l.number != i+1 || !l.whole || !l.last || l.err != nil {
				t.Errorf("%s: %+v", name, l)
			}
		}
	}
}

func TestAByteOrderMarkIsNoPartOfALine(t *testing.T) {
	t.Parallel()
	got := allLines(strings.NewReader("one\n" + byteOrderMark + "two\n")) // two files, joined
	if len(got) != 2 || string(got[1].text) != "two" {
		t.Errorf("%+v", got)
	}
}

// What is no file of messages at all is told at once, before anything is sent.
func TestAnInputOfAnotherKind(t *testing.T) {
	t.Parallel()
	_, env := shop(t)
	for name, c := range map[string]struct{ text, want string }{
		"a CSV":              {"id,channel_id,message\n1,shop-1,Hi\n", "is a table, such as CSV"},
		"a CSV of Excel":     {byteOrderMark + "id;channel_id;message\r\n1;shop-1;Hi\r\n", "is a table, such as CSV"},
		"an array":           {"[\n" + strings.TrimSpace(jsonLines("m-1 c-1")) + "\n]", "is a JSON array, and --file takes JSON lines, one object a line: jq -c '.[]'"},
		"printed for people": {"{\n  \"id\": \"m-1\"\n}", "is JSON spread over several lines"},
		"UTF-16":             {inUTF16(binary.LittleEndian, true, jsonLines("m-1 c-1")), "is UTF-16"},
		"UTF-16, no mark":    {inUTF16(binary.BigEndian, false, jsonLines("m-1 c-1")), "is UTF-16"},
		"printed half way":   {"{ \"id\": \"m-1\",\n  \"message\": \"Hi\" }\n{}", "is JSON spread over several lines"},
		"XML":                {"<?xml version=\"1.0\"?>\n<messages/>", "is XML or HTML"},
		"compressed":         {"\x1f\x8b\x08\x00", "is a binary or compressed file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := writeFile(t, "messages", c.text)
			pdchannels(t, env, "message", "receive", "--file", file).wants(t, exitUsage, "", c.want)
			pdchannels(t, env, "message", "receive", "--check", "--file", file).wants(t, exitUsage, "", c.want)
			if left, _ := filepath.Glob(filepath.Dir(file) + "/*"); len(left) != 1 {
				t.Errorf("there are %v", left)
			}
		})
	}
}

func TestAnInputWithoutLines(t *testing.T) {
	t.Parallel()
	if got := allLines(strings.NewReader("")); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestALongLineComesInPieces(t *testing.T) {
	t.Parallel()
	fits, long := strings.Repeat("x", maxLine), strings.Repeat("y", 2*maxLine+5)
	var pieces strings.Builder
	for i, l := range allLines(strings.NewReader(fits + "\n" + long + "\n" + "end")) {
		switch l.number {
		case 1:
			if string(l.text) != fits || !l.whole {
				t.Errorf("a line of %d bytes is not whole", len(fits))
			}
		case 2:
			if l.whole || len(l.text) > maxLine+1 {
				t.Errorf("piece %d: whole %t, %d bytes", i, l.whole, len(l.text))
			}
			if l.rest != (pieces.Len() > 0) {
				t.Errorf("piece %d: rest %t", i, l.rest)
			}
			pieces.Write(l.text)
			if l.last != (pieces.Len() == len(long)) {
				t.Errorf("piece %d: last %t", i, l.last)
			}
		case 3:
			if string(l.text) != "end" || !l.whole {
				t.Errorf("after the long line: %+v", l)
			}
		}
	}
	if pieces.String() != long {
		t.Errorf("%d of %d bytes of the long line came", pieces.Len(), len(long))
	}
}

func TestAnInputThatBreaksOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	got := allLines(io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(broken)))
	if len(got) != 3 || !errors.Is(got[2].err, broken) || !strings.Contains(got[2].err.Error(), "after line 2") {
		t.Errorf("%+v", got)
	}
}

func TestReadingEndsWhenNobodyListens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) { // fails if the goroutine outlives it
		done := make(chan struct{})
		lines := readLines(strings.NewReader("one\ntwo\n"), done)
		<-lines
		synctest.Wait()
		close(done)
	})
}
