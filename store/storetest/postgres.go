package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"

	"triagent/lab/process"
)

// binaries is where Debian keeps the programs of PostgreSQL 15.
const binaries = "/usr/lib/postgresql/15/bin"

// script starts the server and ends it, and removes its folder, when its
// standard input ends: with the test binary, however that ends.
const script = `cd "$1" && "$2"/postgres -D "$1/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
	-c fsync="$4" -c max_connections=200 -c shared_buffers=64MB >"$1/log" 2>&1 &
p=$!
cat >/dev/null
kill -INT $p
wait $p
rm -rf "$1"`

var databases atomic.Int64

// server is the one of this test binary.
type server struct {
	url   string    // of its databases, without a name
	alive io.Closer // its standard input: open as long as it is referred to
}

// Postgres returns the URL of an empty database on a real PostgreSQL that lives
// as long as the test. The server is started once for a test binary, on a free
// port of the loopback, and without fsync unless TRIAGENT_TEST_FSYNC is "on". The
// test is skipped where PostgreSQL 15 is not installed.
func Postgres(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(binaries, "postgres")); err != nil {
		t.Skipf("PostgreSQL 15 is not installed in %s", binaries)
	}
	srv, err := start()
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	db, err := sql.Open("pgx", srv.url+"postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		if err != nil {
			t.Errorf("drop the database: %v", err)
		}
		_ = db.Close() // nothing is written
	})
	return srv.url + name + "?sslmode=disable"
}

// start starts the server.
var start = sync.OnceValues(func() (*server, error) {
	dir, err := os.MkdirTemp("", "triagent-postgres-")
	if err != nil {
		return nil, err
	}
	who, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(binaries, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "triagent",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, who
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	fsync := os.Getenv("TRIAGENT_TEST_FSYNC")
	if fsync != "on" {
		fsync = "off"
	}
	run := exec.Command("/bin/sh", "-c", script, "sh", dir, binaries, strconv.Itoa(port), fsync)
	run.Dir, run.SysProcAttr = dir, who
	alive, err := run.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := run.Start(); err != nil {
		return nil, err
	}
	srv := &server{url: fmt.Sprintf("postgres://triagent@127.0.0.1:%d/", port), alive: alive}
	return srv, answers(srv.url, filepath.Join(dir, "log"))
})

// unprivileged gives dir to a user that PostgreSQL accepts, if this process is
// root's, and returns how to become that user.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	who, err := process.Nobody()
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Setpgid: true, Credential: who}, process.Give(dir, who) // an interrupt of the tests is not the server's
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// answers waits until the server takes connections.
func answers(url, log string) error {
	db, err := sql.Open("pgx", url+"postgres?sslmode=disable")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing is written
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(time.Minute)
	for {
		if err = db.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log)
			return fmt.Errorf("%w; its log: %s", err, said)
		}
		<-tick.C
	}
}
