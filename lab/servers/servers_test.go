package servers_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/lab/servers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestServers starts every server, asks it something that only a server of its
// kind answers, and looks that nothing of it is left.
func TestServers(t *testing.T) {
	for _, tt := range []struct {
		kind       servers.Kind
		o          servers.Options
		path, want string
	}{
		{servers.PostgreSQL, servers.Options{}, "", ""},
		{servers.Prometheus, servers.Options{}, "/api/v1/status/buildinfo", `"version"`},
		{servers.Alertmanager, servers.Options{}, "/api/v2/status", `"versionInfo"`},
		{servers.Etcd, servers.Options{}, "/version", `"etcdserver"`},
		{servers.Loki, servers.Options{}, "/loki/api/v1/labels", `"success"`},
		{servers.Jaeger, servers.Options{}, "/api/services", `"data"`},
		{servers.MinIO, servers.Options{}, "/", "AccessDenied"},
		{servers.Kubernetes, servers.Options{}, "/version", `"gitVersion"`},
		{servers.Elasticsearch, servers.Options{}, "/_cat/nodes?h=version", "8.19"},
		{servers.OpenSearch, servers.Options{}, "/", "2.19.4"},
		{servers.OpenSearch, servers.Options{Version: "3.8.0"}, "/", "3.8.0"},
	} {
		t.Run(string(tt.kind)+tt.o.Version, func(t *testing.T) {
			servers.Need(t, tt.kind)
			s, err := servers.Run(t.Context(), tt.kind, tt.o)
			if servers.Absent(err) {
				t.Skipf("no %s: %v", tt.kind, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.path != "" {
				if body := get(t, s, tt.path); !strings.Contains(body, tt.want) {
					t.Errorf("%s answers %q", tt.path, body)
				}
			}
			pids := s.Pids()
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
			for _, pid := range pids {
				if err := syscall.Kill(-pid, 0); !errors.Is(err, syscall.ESRCH) {
					t.Errorf("process group %d is still there: %v", pid, err)
				}
			}
			if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
				t.Errorf("%s is still there", s.Dir)
			}
		})
	}
}

func get(t *testing.T, s *servers.Server, path string) string {
	t.Helper()
	c, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	resp, err := c.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBusyPort shows that an older server on the port is not taken for ours.
func TestBusyPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	if _, err := servers.Run(t.Context(), servers.Etcd, servers.Options{Ports: map[string]int{"http": port}}); err == nil {
		t.Error("it starts on a port that is another's")
	}
}

// TestBrokenConfig shows that what a server says before it ends is in the error,
// and that its folder is removed.
func TestBrokenConfig(t *testing.T) {
	_, err := servers.Run(t.Context(), servers.Prometheus, servers.Options{Config: "nonsense: [true"})
	if servers.Absent(err) {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "ended by itself") || !strings.Contains(err.Error(), "prometheus.yml") {
		t.Errorf("the error is %v", err)
	}
}

// TestDataStays shows that a server that is killed finds its data again.
func TestDataStays(t *testing.T) {
	dir := t.TempDir()
	first := servers.Start(t, servers.Etcd, servers.Options{Dir: dir})
	post(t, first.URL+"/v3/kv/put", `{"key":"YQ==","value":"Yg=="}`)
	first.Kill()
	second := servers.Start(t, servers.Etcd, servers.Options{Dir: dir, Ports: first.Ports})
	if got := post(t, second.URL+"/v3/kv/range", `{"key":"YQ=="}`); !strings.Contains(got, `"value":"Yg=="`) {
		t.Errorf("it gives %s", got)
	}
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestKinds(t *testing.T) {
	if k := servers.Kinds(); len(k) != 10 || !slices.IsSorted(k) {
		t.Errorf("the kinds are %v", k)
	}
	if err := servers.Get(t.Context(), "nothing", servers.Options{}); !servers.Absent(err) {
		t.Errorf("an unknown kind gives %v", err)
	}
}
