package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"testing/synctest"
)

// This file measures goodput in virtual time. testing/synctest runs in tests alone, and
// testing.Main, by which a program can have some, ends the process: hence one of its own.

// inVirtualTime is the first argument of that process; how many messages follows.
const inVirtualTime = "goodput-in-virtual-time"

// runInVirtualTime starts the process, and returns what each fleet achieved.
func runInVirtualTime(ctx context.Context, messages int) ([]outcome, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, inVirtualTime, strconv.Itoa(messages))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s%s", err, &stdout, &stderr)
	}
	var outcomes []outcome
	err = json.NewDecoder(&stdout).Decode(&outcomes) // "PASS" follows
	return outcomes, err
}

// goodputInVirtualTime is that process. It returns only if the arguments are wrong.
func goodputInVirtualTime(args []string, stderr io.Writer) int {
	messages := 0
	if len(args) == 1 {
		messages, _ = strconv.Atoi(args[0])
	}
	if messages < 1 {
		_, _ = fmt.Fprintf(stderr, "bench: %s takes how many messages to deliver\n", inVirtualTime)
		return 2
	}
	all := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "Goodput", F: func(t *testing.T) {
		t.Helper()
		if err := json.NewEncoder(os.Stdout).Encode(virtualOutcomes(t, messages)); err != nil {
			t.Error(err)
		}
	}}}, nil, nil)
	return 0
}

func virtualOutcomes(t *testing.T, messages int) []outcome {
	t.Helper()
	outcomes := make([]outcome, len(fleets))
	for i, f := range fleets {
		synctest.Test(t, func(t *testing.T) {
			var err error
			w := newWindow()
			if outcomes[i], err = f.run(t.Context(), w, "http://127.0.0.1", w, messages); err != nil {
				t.Error(err)
			}
		})
	}
	return outcomes
}
