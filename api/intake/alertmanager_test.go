package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"triagent/store"
	"triagent/store/storetest"
)

// alertmanagerProcess starts a real Alertmanager that sends to an address, and
// returns its own.
func alertmanagerProcess(t *testing.T, to string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		t.Skip("prometheus-alertmanager is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "am.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
route:
  receiver: triagent
  group_by: [cluster]
  group_wait: 100ms
  group_interval: 200ms
  repeat_interval: 1h
receivers:
  - name: triagent
    webhook_configs:
      - url: %s/hooks/alertmanager
        http_config:
          authorization: {credentials: %s}
`, to, token), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=", "--log.level=debug")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("alertmanager:\n%s", out.String())
		}
	})
	until(t, "alertmanager is ready", func() bool {
		resp, err := http.Get("http://" + address + "/-/ready") //nolint:noctx // of a test
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + address
}

// until polls a condition for a minute.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// TestRealAlertmanager lets a real Alertmanager fire, go on, and resolve.
func TestRealAlertmanager(t *testing.T) {
	s := storetest.SQLite(t)
	c := &clock{}
	srv, _ := serve(t, s, c)
	at := alertmanagerProcess(t, srv.URL)
	base := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
	c.at = time.Now().UTC()
	send := func(name, node string, ends time.Time) {
		t.Helper()
		end := ""
		if !ends.IsZero() {
			end = `,"endsAt":"` + ends.Format(time.RFC3339Nano) + `"`
		}
		body := fmt.Sprintf(`[{"labels":{"alertname":%q,"instance":%q,"cluster":"plant-7","severity":"critical"},"annotations":{"summary":"s"},"startsAt":%q,"generatorURL":"http://p.example/g"%s}]`,
			name, node, base.Format(time.RFC3339Nano), end)
		resp, err := http.Post(at+"/api/v2/alerts", "application/json", strings.NewReader(body)) //nolint:noctx // of a test
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("alertmanager answers %d", resp.StatusCode)
		}
	}
	one := func() store.Incident {
		t.Helper()
		page, err := s.Incidents(t.Context(), store.Filter{})
		if err != nil || len(page.Items) > 1 {
			t.Fatalf("%d incidents, %v", len(page.Items), err)
		}
		if len(page.Items) == 0 {
			return store.Incident{}
		}
		return page.Items[0]
	}
	send("HighWriteLatency", "datanode-2:9091", time.Time{})
	until(t, "an incident is open", func() bool { return one().Firing == 1 })
	send("Unreachable", "client-9", time.Time{})
	until(t, "the second alert of the group joins", func() bool { return one().Firing == 2 })
	inc := one()
	if inc.Title != "datanode-2:9091: HighWriteLatency" || inc.Severity != store.Critical || inc.System != "plant-7" || inc.Source != "alertmanager" || !inc.Started.Equal(base) {
		t.Errorf("incident %+v", inc)
	}
	send("HighWriteLatency", "datanode-2:9091", time.Now())
	send("Unreachable", "client-9", time.Now())
	until(t, "the incident is resolved", func() bool { return one().Status == store.Resolved })
	list, _, err := s.Alerts(t.Context(), store.AlertFilter{Incident: inc.ID})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d alerts, %v", len(list), err)
	}
	for _, a := range list {
		if a.Ends.IsZero() || a.URL != "http://p.example/g" || a.Annotations["summary"] != "s" || len(a.Labels) != 4 {
			t.Errorf("alert %+v", a)
		}
	}
}
