// A manifest that the app serves itself.

package providercall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxManifest bounds a manifest, which has seven URLs.
const maxManifest = 1 << 20

// fetchManifest gets a manifest from a URL: https, or http on this machine, or with plainHTTP anywhere. It sends no credentials
// and follows no redirect.
func fetchManifest(ctx context.Context, text string, plainHTTP bool) ([]byte, error) {
	if err := callable(text, plainHTTP); err != nil {
		return nil, fmt.Errorf("manifest URL %q: %w", text, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, text, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "pdchannels")
	client := &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Second, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading the manifest at %q: it is answered with status %d", text, resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxManifest+1))
	if err == nil && len(data) > maxManifest {
		err = errors.New("it is longer than any manifest")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest at %q: %w", text, err)
	}
	return data, nil
}
