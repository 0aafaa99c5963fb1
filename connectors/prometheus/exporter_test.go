package prometheus_test

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/knowledge"
)

// TestExporter has the server scrape the real node_exporter: it becomes one node
// that goes by the machine's name, and most of it is understood.
func TestExporter(t *testing.T) {
	if _, err := exec.LookPath("prometheus-node-exporter"); err != nil {
		t.Skip("prometheus-node-exporter is not installed: apt-get install prometheus-node-exporter")
	}
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	cmd := exec.Command("prometheus-node-exporter", "--web.listen-address="+at)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p := serve(t, fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs: [{job_name: machine, static_configs: [{targets: [%q]}]}]\n", at), "")
	s := source(t, p.url)
	from := time.Now().Add(-time.Second)
	var to *sink
	until(t, 20*time.Second, "three scrapes", func() bool {
		to = collected(t, s, connectors.Ask{Span: incident.Window{From: from, To: time.Now()}})
		return count(to, at, "node_load1") >= 3
	})
	to.of(t, at, "node_vmstat_pgfault:per_s") // untyped, and a counter
	f, err := s.Discover(t.Context(), incident.Window{From: from, To: time.Now()})
	if err != nil || len(f.Nodes) != 1 || len(f.Nodes[0].Names) != 2 {
		t.Errorf("found %+v, %v", f.Nodes, err)
	}
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	understood, counters := 0, 0
	var not []string
	for _, x := range to.series {
		m, ok := base.Metric("", "", x.Name)
		switch {
		case ok:
			understood++
		case strings.HasPrefix(x.Name, "node_"):
			not = append(not, x.Name)
		}
		if m.Counter {
			counters++
			t.Logf("%s is taken for a counter", x.Name)
		}
	}
	t.Logf("%d of %d series are understood; not, of the machine: %s", understood, len(to.series), strings.Join(not, " "))
	if counters > 0 || understood*2 < len(to.series) {
		t.Errorf("%d of %d series are understood, %d are taken for counters", understood, len(to.series), counters)
	}
}
