//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A disk that fills up is a file that may not grow: the summary tells what is kept and what is not.
func TestADiskThatFillsUp(t *testing.T) {
	t.Parallel()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	s := startSlow(t, func(string) bool { return true })
	for blocks, want := range map[int]string{
		0: "None of them is kept: deliver the input again",
		2: "lost unless you deliver the input again",
	} {
		input, kept := inFile(t, conversations(100, 1, 40))
		cmd := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("ulimit -f %d; exec %s message receive --file %s", blocks, binary, input))
		cmd.Env = s.env
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), want) || !strings.Contains(string(out), "is not kept: file too large") {
			t.Errorf("%d blocks: %v\n%s", blocks, err, out)
		}
		lines, err := os.ReadFile(kept)
		whole := strings.Count(string(lines), "\n")
		switch {
		case blocks == 0 && !os.IsNotExist(err):
			t.Errorf("a file is left behind: %v", err)
		case blocks > 0 && (whole == 0 || string(lines) != conversations(100, 1, whole) || !strings.Contains(string(out), fmt.Sprintf("Only %d of them are kept in %s", whole, kept))):
			t.Errorf("%d lines are kept:\n%s\n%s", whole, lines, out)
		}
	}
}
