package browser

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// line is a connection to a server that a test can cut and mend, as a laptop that sleeps does.
type line struct {
	url, address, server string
	t                    *testing.T

	mu    sync.Mutex
	l     net.Listener
	conns []net.Conn
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	c := &line{t: t, address: "127.0.0.1:0", server: strings.TrimPrefix(server, "http://")}
	c.mend()
	c.url = "http://" + c.address
	t.Cleanup(c.cut)
	return c
}

func (c *line) mend() {
	c.t.Helper()
	l, err := net.Listen("tcp", c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.l, c.address = l, l.Addr().String()
	c.mu.Unlock()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // cut
			}
			far, err := net.Dial("tcp", c.server)
			if err != nil {
				_ = near.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, near, far)
			c.mu.Unlock()
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
			go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
		}
	}()
}

// cut ends every connection, and takes no more until mend.
func (c *line) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.l.Close()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}
