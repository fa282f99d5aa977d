package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the script
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// This file drives Pipedrive's own npm client, where there is one.

//go:embed npm.cjs
var npmScript string

// npmClient is a Node process that delivers a message in batches.
type npmClient struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Scanner
	stderr *bytes.Buffer
}

// startNPM starts the client, for the API at the base URL. If it is not installed, absent says so.
func startNPM(ctx context.Context, folder, baseURL string) (c *npmClient, absent string, err error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, "Node is not installed", nil //nolint:nilerr // it is no error to do without
	}
	modules := filepath.Join(folder, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "pipedrive")); errors.Is(err, fs.ErrNotExist) {
		return nil, "it is not in " + modules + " (make test-interop installs it)", nil
	}
	m := messageByHand(false)
	message, err := m.encode()
	if err != nil {
		return nil, "", err
	}
	c = &npmClient{stderr: new(bytes.Buffer)}
	c.cmd = exec.CommandContext(ctx, node, "-e", npmScript, "--", baseURL, token, string(message))
	c.cmd.Dir, c.cmd.Stderr = folder, c.stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	c.stdout = bufio.NewScanner(stdout)
	return c, "", c.cmd.Start()
}

// perSecond makes so many calls, and returns the rate.
func (c *npmClient) perSecond(calls, inFlight int) (float64, error) {
	err := json.NewEncoder(c.stdin).Encode(map[string]int{"calls": calls, "inFlight": inFlight})
	if err != nil || !c.stdout.Scan() {
		_ = c.cmd.Wait() // then stderr is complete
		return 0, fmt.Errorf("the npm client ended: %s", c.stderr)
	}
	seconds, err := strconv.ParseFloat(c.stdout.Text(), 64)
	if err != nil {
		return 0, fmt.Errorf("the npm client said %q: %w", c.stdout.Text(), err)
	}
	return float64(calls) / seconds, nil
}

// close ends the process, and with it its connections.
func (c *npmClient) close() {
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}
