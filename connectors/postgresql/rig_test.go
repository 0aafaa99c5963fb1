package postgresql_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"triagent/connectors"
	"triagent/connectors/postgresql"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/lab/process"
)

// binaries is where Debian keeps the programs of PostgreSQL 15.
const binaries = "/usr/lib/postgresql/15/bin"

// script starts a server and ends it, and removes its folder, when its standard
// input ends: with the test binary, however that ends.
const script = `cd "$1" && "$2"/postgres -D "$1/data" -p "$3" -k "$1" -c listen_addresses=127.0.0.1 >"$1/log" 2>&1 &
p=$!
cat >/dev/null
kill -QUIT $p
wait $p
rm -rf "$1"`

// server is a real PostgreSQL.
type server struct {
	t     testing.TB
	dir   string
	port  int
	alive io.Closer
	cmd   *exec.Cmd
	once  sync.Once
}

func (s *server) addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// stop ends the server as a crash does, and waits.
func (s *server) stop() {
	s.once.Do(func() {
		_ = s.alive.Close()
		_ = s.cmd.Wait() // killed by its script: an error is expected
	})
}

// unprivileged gives dir to a user that PostgreSQL accepts, and is how to become
// that user.
func unprivileged(t testing.TB, dir string) *syscall.SysProcAttr {
	t.Helper()
	who, err := process.Nobody()
	if err == nil {
		err = process.Give(dir, who)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Setpgid: true, Credential: who}
}

// run runs a program of PostgreSQL in a folder.
func run(t testing.TB, dir string, attr *syscall.SysProcAttr, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(binaries, program), args...)
	cmd.Dir, cmd.SysProcAttr = dir, attr
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

// start starts a server: a new one, or a standby of another. Settings are
// appended to postgresql.conf, access replaces pg_hba.conf if it is not empty.
func start(t testing.TB, of *server, settings, access string) *server {
	t.Helper()
	if _, err := os.Stat(filepath.Join(binaries, "postgres")); err != nil {
		t.Skipf("PostgreSQL 15 is not installed in %s", binaries)
	}
	dir, err := os.MkdirTemp("", "triagent-pg-")
	if err != nil {
		t.Fatal(err)
	}
	attr := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	if of == nil {
		run(t, dir, attr, "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
		settings = "fsync=off\nmax_wal_senders=5\nwal_level=replica\nshared_buffers=16MB\nshared_preload_libraries='pg_stat_statements'\n" + settings
	} else {
		run(t, dir, attr, "pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(of.port), "-U", "postgres", "-D", data, "-R", "-c", "fast", "--no-sync")
	}
	appendTo(t, filepath.Join(data, "postgresql.conf"), settings)
	if access != "" {
		if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(access), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &server{t: t, dir: dir, port: freePort(t)}
	s.cmd = exec.Command("/bin/sh", "-c", script, "sh", dir, binaries, strconv.Itoa(s.port))
	s.cmd.Dir, s.cmd.SysProcAttr = dir, attr
	if s.alive, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.ready()
	return s
}

func appendTo(t testing.TB, path, more string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("\n" + more + "\n")
		err = cmpErr(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// ready waits until the server answers.
func (s *server) ready() {
	s.t.Helper()
	until(s.t, "the server to answer", func() bool {
		c, err := s.dial("postgres", "")
		if err != nil {
			return false
		}
		_ = c.Close(context.Background())
		return true
	})
}

// until waits for a condition, a minute at most.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// dial connects over the socket, which trusts everybody.
func (s *server) dial(user, database string) (*pgx.Conn, error) {
	if database == "" {
		database = "postgres"
	}
	return pgx.Connect(context.Background(), fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", s.dir, s.port, user, database))
}

// session is a connection that ends with the test.
func (s *server) session(t testing.TB) *pgx.Conn {
	t.Helper()
	c, err := s.dial("postgres", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func (s *server) exec(t testing.TB, sql ...string) {
	t.Helper()
	c := s.session(t)
	defer func() { _ = c.Close(context.Background()) }()
	for _, q := range sql {
		if _, err := c.Exec(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// prepared makes the accounts and the extension that most tests want.
func prepared(t testing.TB, s *server) {
	t.Helper()
	s.exec(t, "CREATE EXTENSION pg_stat_statements", "CREATE ROLE watcher LOGIN PASSWORD 'right'", "GRANT pg_monitor TO watcher",
		"CREATE ROLE plain LOGIN", "CREATE TABLE account (id int PRIMARY KEY, balance int)", "INSERT INTO account SELECT g, 0 FROM generate_series(1, 100) g")
}

// open makes a source that watches for a second.
func open(t testing.TB, c postgresql.Config) *postgresql.Source {
	t.Helper()
	if c.User == "" {
		c.User = "watcher"
	}
	if c.Sample == 0 {
		c.Sample = time.Second
	}
	s, err := postgresql.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// lately is a span that begins a while ago and lasts until the test is over.
func lately() incident.Window {
	return incident.Window{From: time.Now().Add(-10 * time.Minute), To: time.Now().Add(10 * time.Minute)}
}

func collect(t testing.TB, s *postgresql.Source) (sourcetest.Got, error) {
	t.Helper()
	var r sourcetest.Recorder
	err := s.Collect(t.Context(), connectors.Ask{Span: lately()}, &r)
	return r.Got(), err
}

// last is the last value of a series; false: it is not there.
func last(g sourcetest.Got, node, name string) (float64, bool) {
	for _, s := range g.Series {
		if s.Node == node && s.Name == name && len(s.Values) > 0 {
			return s.Values[len(s.Values)-1], true
		}
	}
	return 0, false
}

// changesOf are the texts of changes of a kind.
func changesOf(g sourcetest.Got, kind string) (out []string) {
	for _, c := range g.Changes {
		if c.Kind == kind {
			out = append(out, c.Text)
		}
	}
	return out
}

// certify puts a certificate of a server into its folder.
func certify(t testing.TB, dir string, a *sourcetest.Authority, names ...string) {
	t.Helper()
	pair := a.Server(t, false, names...).Certificates[0]
	der, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"server.crt": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "server.key": {Type: "EC PRIVATE KEY", Bytes: der},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		unprivileged(t, path)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func has(list []string, parts ...string) bool {
	for _, s := range list {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(s, p)
		}
		if all {
			return true
		}
	}
	return false
}

func pid(c *pgx.Conn) string { return strconv.FormatUint(uint64(c.PgConn().PID()), 10) }

// place copies a file to where the server can read it.
func (s *server) place(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(s.dir, filepath.Base(path))
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, to)
	return to
}
