package alertmanager_test

import (
	"bytes"
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

	"triagent/connectors"
	"triagent/connectors/alertmanager"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/incident"
)

const config = `
route: {receiver: nobody}
receivers: [{name: nobody}]
inhibit_rules:
- {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [cluster]}
`

// serve starts an Alertmanager of Debian's on a free port of the loopback; the
// test is skipped where it is not installed.
func serve(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("prometheus-alertmanager"); err != nil {
		t.Skip("prometheus-alertmanager is not installed: apt-get install prometheus-alertmanager")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	dir := t.TempDir()
	name := filepath.Join(dir, "am.yml")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("prometheus-alertmanager", "--config.file="+name, "--storage.path="+dir, "--web.listen-address="+at, "--cluster.listen-address=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	until(t, "Alertmanager is ready", func() bool {
		resp, err := http.Get("http://" + at + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + at
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if is() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}

func post(t *testing.T, url, body string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", url, resp.StatusCode)
	}
}

// filled starts one with three alerts that fire, one of them silenced, and two
// silences. Their times are about now.
func filled(t *testing.T, now time.Time) string {
	t.Helper()
	url := serve(t)
	stamp := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	var alerts []string
	for _, labels := range []string{
		`"alertname":"Down","instance":"10.0.0.1:9092","cluster":"plant","severity":"critical"`,
		`"alertname":"Slow","pod":"db-2","remote":"db-1","cluster":"plant","severity":"warning"`,
		`"alertname":"Full","instance":"10.9.9.9:9100","cluster":"other","severity":"warning"`,
	} {
		alerts = append(alerts, fmt.Sprintf(`{"labels":{%s},"annotations":{"summary":"x"},"startsAt":%q,"endsAt":%q}`, labels, stamp(-10*time.Minute), stamp(24*time.Hour)))
	}
	post(t, url+"/api/v2/alerts", "["+strings.Join(alerts, ",")+"]")
	for _, m := range []string{`"cluster","value":"other"`, `"pod","value":"db-2"`} {
		post(t, url+"/api/v2/silences", fmt.Sprintf(`{"matchers":[{"name":%s,"isRegex":false,"isEqual":true}],"startsAt":%q,"endsAt":%q,"createdBy":"operations","comment":"disk\nswap"}`,
			m, stamp(-time.Hour), stamp(24*time.Hour)))
	}
	return url
}

func source(t *testing.T, url string, change func(*alertmanager.Config)) *alertmanager.Source {
	t.Helper()
	c := alertmanager.Config{Settings: fetch.Settings{URL: url}}
	if change != nil {
		change(&c)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := alertmanager.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSource(t *testing.T) {
	at := time.Now()
	url := filled(t, at)
	span := incident.Window{From: at.Add(-30 * time.Minute), To: time.Now().Add(time.Second)}
	nodes := []connectors.Node{{Names: []string{"db-1", "10.0.0.1:9092"}, Host: "10.0.0.1"}, {Names: []string{"db-2"}}}
	s := source(t, url, nil)
	until(t, "the silence has taken hold", func() bool { // it is told with the next look at the alerts
		var to sourcetest.Recorder
		if err := s.Collect(t.Context(), connectors.Ask{Span: span, Nodes: nodes}, &to); err != nil {
			t.Fatal(err)
		}
		got := to.Got()
		return len(got.Alerts) == 2 && len(got.Changes) == 2 && got.Alerts[0].Annotations["alertmanager_state"] != got.Alerts[1].Annotations["alertmanager_state"]
	})
	var to sourcetest.Recorder
	if err := s.Collect(t.Context(), connectors.Ask{Span: span, Nodes: nodes}, &to); err != nil {
		t.Fatal(err)
	}
	got := to.Got()
	down, slow := got.Alerts[0], got.Alerts[1]
	if down.Name != "Down" {
		down, slow = slow, down
	}
	if down.Node != "10.0.0.1:9092" || down.Severity != "critical" || down.System != "plant" || !down.Ends.IsZero() || down.Starts.Unix() != at.Add(-10*time.Minute).Unix() {
		t.Errorf("alert %+v", down)
	}
	if slow.Node != "db-2" || slow.Peer != "db-1" || slow.Annotations["alertmanager_silenced_by"] == "" {
		t.Errorf("alert %+v", slow)
	}
	if len(got.Reduced) != 1 || got.Reduced[0].In != 3 || got.Reduced[0].Out != 2 {
		t.Errorf("reduced %+v", got.Reduced)
	}
	for _, c := range got.Changes {
		if c.Kind != "maintenance" || c.Query != "GET /api/v2/silences" || c.Time < span.From.UnixNano() || !strings.Contains(c.Text, "by operations: disk swap") {
			t.Errorf("change %+v", c)
		}
	}
	if got.Changes[0].Node+got.Changes[1].Node != "db-2" {
		t.Errorf("changes %+v", got.Changes)
	}
}

// TestMatch asks for one system's alerts, and for a time before them.
func TestMatch(t *testing.T) {
	at := time.Now()
	url := filled(t, at)
	s := source(t, url, func(c *alertmanager.Config) { c.Match = `{cluster="plant"}` })
	span := incident.Window{From: at.Add(-30 * time.Minute), To: time.Now().Add(time.Second)}
	var to sourcetest.Recorder
	if err := s.Collect(t.Context(), connectors.Ask{Span: span}, &to); err != nil {
		t.Fatal(err)
	}
	if got := to.Got(); len(got.Alerts) != 2 || len(got.Changes) != 1 || len(got.Missing) != 0 {
		t.Errorf("got %+v", got)
	}
	f, err := s.Discover(t.Context(), span)
	if err != nil || len(f.Holds) != 2 || f.Holds[0].Count != 2 || f.Holds[1].Count != 1 {
		t.Errorf("found %+v, %v", f, err)
	}
	before := incident.Window{From: at.Add(-9 * time.Hour), To: at.Add(-8 * time.Hour)}
	var none sourcetest.Recorder
	if err := s.Collect(t.Context(), connectors.Ask{Span: before}, &none); err != nil {
		t.Fatal(err)
	}
	if got := none.Got(); len(got.Alerts)+len(got.Changes) > 0 || len(got.Missing) != 1 {
		t.Errorf("got %+v", got)
	}
	if _, err := alertmanager.New(alertmanager.Config{Settings: fetch.Settings{URL: url}, Match: "{a"}); err == nil {
		t.Error("a match that is not read was taken")
	}
}

// TestSuite runs what every source must keep.
func TestSuite(t *testing.T) {
	at := time.Now()
	url := filled(t, at)
	sourcetest.Run(t, sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			return alertmanager.New(alertmanager.Config{Settings: at})
		},
		Server: url,
		Ask:    connectors.Ask{Span: incident.Window{From: at.Add(-30 * time.Minute), To: at.Add(time.Minute)}},
		Empty:  connectors.Ask{Span: incident.Window{From: at.Add(-9 * time.Hour), To: at.Add(-8 * time.Hour)}},
	})
}
