package prometheus_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

// real is a Prometheus of Debian's on a free port of the loopback.
type real struct {
	url string
	cmd *exec.Cmd
	log *bytes.Buffer
}

// serve starts one with a configuration and, if there is any, with samples in
// the OpenMetrics format. The test is skipped where it is not installed.
func serve(t testing.TB, config, openmetrics string, flags ...string) *real {
	t.Helper()
	for _, name := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: apt-get install prometheus", name)
		}
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	write(t, filepath.Join(dir, "p.yml"), config)
	if openmetrics != "" {
		text := filepath.Join(dir, "metrics")
		write(t, text, openmetrics)
		cmd := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", text, data)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("promtool: %v: %s", err, out)
		}
	}
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := &real{url: "http://" + at, log: new(bytes.Buffer)}
	p.cmd = exec.Command("prometheus", append([]string{
		"--config.file=" + filepath.Join(dir, "p.yml"), "--storage.tsdb.path=" + data, "--web.listen-address=" + at,
		"--storage.tsdb.retention.time=100y", "--log.level=warn",
	}, flags...)...)
	p.cmd.Stderr = p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	until(t, 30*time.Second, "Prometheus is ready", func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
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

// until waits for a condition.
func until(t testing.TB, within time.Duration, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); <-tick.C {
		if is() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, within)
}

// sink keeps what it is given.
type sink struct {
	mu      sync.Mutex
	series  []connectors.Series
	alerts  []connectors.Alert
	changes []connectors.Change
	reduced []incident.Reduction
	missing []incident.Missing
	clocks  []connectors.Clock
	fail    error // of Series, if it is not nil
}

func (s *sink) Series(x connectors.Series) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.series = append(s.series, x)
	return s.fail
}

func (s *sink) Change(x connectors.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, x)
	return nil
}

func (s *sink) Alert(x connectors.Alert) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alerts = append(s.alerts, x)
	return nil
}

func (s *sink) Reduced(x incident.Reduction) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reduced = append(s.reduced, x)
	return nil
}

func (s *sink) Missing(x incident.Missing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = append(s.missing, x)
	return nil
}

func (s *sink) Clock(x connectors.Clock) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clocks = append(s.clocks, x)
	return nil
}

func (s *sink) Line(connectors.Line) error         { return nil }
func (s *sink) Span(*telemetry.Span, string) error { return nil }
func (s *sink) Found(connectors.Found) error       { return nil }

// of finds one series.
func (s *sink) of(t testing.TB, node, name string) connectors.Series {
	t.Helper()
	var have []string
	for _, x := range s.series {
		if x.Node == node && x.Name == name {
			return x
		}
		have = append(have, x.Node+" "+x.Name)
	}
	t.Fatalf("no series %s of %s among:\n%s", name, node, strings.Join(have, "\n"))
	return connectors.Series{}
}
