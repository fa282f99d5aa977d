// Package pgtest runs a private Postgres for tests, from the binaries that are installed.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running Postgres that listens on a socket in a folder of its own.
type Cluster struct {
	Dir    string
	bin    string
	server *exec.Cmd
	made   atomic.Int64
}

// Start makes a cluster and starts it. Postgres refuses to run as root: then it runs as the
// user postgres, whom its package has made, or as nobody.
func Start(ctx context.Context) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest") // short: the path of a socket is bounded
	if err != nil {
		return nil, err
	}
	c := &Cluster{Dir: dir, bin: bin}
	if err := c.own(); err != nil {
		return nil, err
	}
	initdb, err := c.command(ctx, "initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
	if err != nil {
		return nil, err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return c, c.Restart(ctx)
}

func (c *Cluster) data() string { return filepath.Join(c.Dir, "data") }

// Restart starts the server, and returns when it takes connections.
func (c *Cluster) Restart(ctx context.Context) error {
	// fsync stays on: what a commit costs is part of what is measured.
	server, err := c.command(context.WithoutCancel(ctx), "postgres", "-D", c.data(), "-c", "listen_addresses=", "-k", c.Dir, "-c", "max_connections=200")
	if err != nil {
		return err
	}
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		return err
	}
	c.server = server
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, c.Stop(), errors.New(log.String()))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop stops the server as a crash would, but for what is committed.
func (c *Cluster) Stop() error {
	if err := c.server.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	_ = c.server.Wait() // it ends with an error
	return nil
}

// Close stops the server and removes the cluster.
func (c *Cluster) Close() error { return errors.Join(c.Stop(), os.RemoveAll(c.Dir)) }

// URL returns how to connect to a database.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s", database, c.Dir)
}

// Database makes an empty database and returns its URL.
func (c *Cluster) Database(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	name := "test" + strconv.FormatInt(c.made.Add(1), 10)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return c.URL(name), err
}

// binaries finds the newest Postgres, where Debian puts it or on the PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	best, version := "", 0
	for _, path := range found {
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))); err == nil && n > version {
			best, version = filepath.Dir(path), n
		}
	}
	if best != "" {
		return best, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("no Postgres found: install the package postgresql")
	}
	return filepath.Dir(path), nil
}

// command prepares a program of Postgres, as another user if this is root. It dies with this process.
func (c *Cluster) command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...) //nolint:gosec // from where Postgres is installed
	cmd.Dir = c.Dir
	cmd.SysProcAttr = dying()
	uid, gid, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return cmd, nil
}

// own gives the folder to the user that Postgres runs as.
func (c *Cluster) own() error {
	uid, gid, err := unprivileged()
	if err != nil || uid == 0 {
		return err
	}
	return os.Chown(c.Dir, int(uid), int(gid))
}

// unprivileged returns who is to run Postgres; 0 if that is who we are.
func unprivileged() (uid, gid uint32, err error) {
	if os.Getuid() != 0 {
		return 0, 0, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return 0, 0, err
		}
		return uint32(uid), uint32(gid), nil
	}
	return 0, 0, errors.New("root may not run Postgres, and there is no user postgres")
}
