// The command emulator wait.

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func emulatorWaitCommand(env *environment) *cobra.Command {
	var url string
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "wait [flags]",
		Short: "Wait until an emulator is ready",
		Long:  "For scripts that start an emulator in the background, and for the health check of a container.",
		Example: `pdchannels emulator wait
pdchannels emulator wait --url http://emulator:8484 --timeout 1m`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url = strings.TrimSuffix(cmp.Or(url, env.setting("PIPEDRIVE_OAUTH_URL"), "http://127.0.0.1:8484"), "/")
			if err := absolute("--url", url); err != nil {
				return err
			}
			start := time.Now()
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			if err := waitUntilReady(ctx, url+"/readyz"); err != nil {
				return fmt.Errorf("no emulator is ready at %s after %v: %w", printable(url), timeout, err)
			}
			env.say(map[string]any{"ready": map[string]any{"url": url, "seconds": time.Since(start).Seconds()}}, "The emulator at %s is ready.", printable(url))
			return nil
		},
	}
	c.Flags().StringVar(&url, "url", "", "the `URL` of the emulator; else PIPEDRIVE_OAUTH_URL, else http://127.0.0.1:8484")
	c.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "the `TIME` to wait")
	return c
}

// waitUntilReady asks until the answer is 200. The error is that of the last attempt.
func waitUntilReady(ctx context.Context, url string) error {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	var last error
	for {
		switch err := ask(ctx, client, url); {
		case err == nil:
			return nil
		case ctx.Err() == nil || last == nil:
			last = err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return last
		}
	}
}

func ask(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // only its status counts
	if resp.StatusCode != http.StatusOK {
		return errors.New("it answers " + resp.Status)
	}
	return nil
}
