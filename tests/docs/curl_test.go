package docs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test be the curl of the pages' shell blocks, so that Go is enough to run them.
func TestMain(m *testing.M) {
	if os.Getenv("DOCS_TEST_IS_CURL") == "" {
		os.Exit(m.Run())
	}
	if err := curl(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(22)
	}
}

// curl makes the request that curl would make of these arguments. It knows those that the pages use.
func curl(ctx context.Context, args []string) error {
	method, url, body, header := "", "", "", http.Header{}
	for i := 0; i < len(args); i++ {
		value := func() string { i++; return args[i] }
		switch arg := args[i]; {
		case arg == "-s" || arg == "-sf":
		case arg == "-X":
			method = value()
		case arg == "-H":
			name, text, _ := strings.Cut(value(), ":")
			header.Add(name, strings.TrimSpace(text))
		case arg == "-d":
			body, method = value(), http.MethodPost
		case strings.HasPrefix(arg, "-"):
			return fmt.Errorf("the test's curl does not know %s", arg)
		default:
			url = arg
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	resp, err := new(http.Client).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}
