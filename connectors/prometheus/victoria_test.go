package prometheus_test

import (
	"fmt"
	"math"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/prometheus"
)

// seconds is the time at the end of a line of OpenMetrics.
var seconds = regexp.MustCompile(`(?m) (\d{10})$`)

// TestVictoriaMetrics asks a real VictoriaMetrics for the same as TestCollect:
// it gives the same, and its query_range too.
func TestVictoriaMetrics(t *testing.T) {
	name, err := exec.LookPath("victoria-metrics")
	if err != nil {
		t.Skip("victoria-metrics is not in PATH")
	}
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	cmd := exec.Command(name, "-storageDataPath="+t.TempDir(), "-httpListenAddr="+at, "-retentionPeriod=100y", "-loggerLevel=ERROR", "-memory.allowedBytes=128MB")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url := "http://" + at
	until(t, 30*time.Second, "it takes samples", func() bool {
		resp, err := http.Post(url+"/api/v1/import/prometheus", "text/plain", strings.NewReader(seconds.ReplaceAllString(some(), " ${1}000")))
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode/100 == 2
	})
	resp, err := http.Get(url + "/internal/force_flush") // what was written can be asked for
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	p := serve(t, "", some())
	for _, step := range []time.Duration{0, 45 * time.Second} {
		ask := func(at string) *sink {
			return collected(t, source(t, at, func(c *prometheus.Config) { c.Step = step }), connectors.Ask{Span: span})
		}
		want, got := ask(p.url), ask(url)
		for _, x := range want.series {
			y := got.of(t, x.Node, x.Name)
			if fmt.Sprint(x.Times) != fmt.Sprint(y.Times) || !alike(x.Values, y.Values) || x.Query != y.Query {
				t.Errorf("step %v: %s of %s is\n%v, want\n%v", step, x.Name, x.Node, y.Values, x.Values)
			}
		}
		if len(got.missing) > 0 || len(got.reduced) != len(want.reduced) {
			t.Errorf("missing %+v, reduced %+v", got.missing, got.reduced)
		}
	}
	f, err := source(t, url).Discover(t.Context(), span)
	if err != nil || len(f.Nodes) != 2 || len(f.Lacks) != 1 {
		t.Errorf("found %+v, %v", f, err)
	}
}

func alike(a, b []float64) bool {
	for i, v := range a {
		if v == v && math.Abs(v-b[i]) > 1e-6*math.Max(1, math.Abs(v)) || v != v && b[i] == b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
