package eval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/eval"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

var t0 = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

// writeBundle makes a small bundle: two nodes, metrics every 10 s for 20 min, a
// window of 3 min at minute 15, a baseline of the first 14. In it node culprit, if
// any, jumps from 15 min 30 s on.
func writeBundle(t *testing.T, dir, id, culprit, split string) {
	t.Helper()
	files := map[string]string{
		"topology.json": `{"nodes":[{"id":"alpha-0","service":"alpha"},{"id":"beta-0","service":"beta"}]}`,
		"incident.json": fmt.Sprintf(`{"version":1,"id":%q,"title":"slow alpha-0?","system":"sys","window":{"from":%q,"to":%q},"baseline":{"from":%q,"to":%q},"alert":{"name":"A","node":"","at":%q}}`,
			id, stamp(15, 0), stamp(18, 0), stamp(0, 0), stamp(14, 0), stamp(15, 20)),
		"logs/alpha-0.log": "2026-01-02 10:01:00 INFO beta-0 says hello to alpha-0\n",
	}
	truth := fmt.Sprintf(`{"healthy":true,"causes":[],"split":%q}`, split)
	if culprit != "" {
		truth = fmt.Sprintf(`{"healthy":false,"causes":[{"node":%q,"service":%q,"fault":"cpu_saturation","from":%q,"to":%q}],"split":%q}`,
			culprit, strings.TrimSuffix(culprit, "-0"), stamp(15, 30), stamp(18, 0), split)
	}
	files["truth.json"] = truth
	for _, node := range []string{"alpha-0", "beta-0"} {
		var b strings.Builder
		b.WriteString("time,cpu\n")
		for i := range 120 {
			v := 10 + i%3
			if node == culprit && i >= 93 {
				v += 50
			}
			fmt.Fprintf(&b, "%d,%d\n", t0.Add(time.Duration(i)*10*time.Second).Unix(), v)
		}
		files["metrics/"+node+".csv"] = b.String()
	}
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func stamp(m, s int) string {
	return t0.Add(time.Duration(m)*time.Minute + time.Duration(s)*time.Second).Format(time.RFC3339)
}

// seen is what the spy engine was shown of a case.
type seen struct {
	path  string
	files []string
	in    incident.Incident
	text  string // all members in one
}

// spy is an engine that blames the node whose cpu is highest in the window, and
// remembers what it was shown.
type spy struct {
	mu    sync.Mutex
	seen  []seen
	fail  func(b *telemetry.Bundle) bool
	quiet bool // never alarms
}

func (s *spy) open(context.Context, eval.Options) (eval.Diagnoser, error) { return s, nil }

func (s *spy) Diagnose(ctx context.Context, path string) (incident.Diagnosis, error) {
	b, err := telemetry.Open(ctx, path, telemetry.Limits{})
	if err != nil {
		return incident.Diagnosis{}, err
	}
	look := seen{path: path, in: b.Incident}
	err = filepath.WalkDir(path, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(path, name)
		look.files = append(look.files, filepath.ToSlash(rel))
		text, err := os.ReadFile(name)
		look.text += string(text)
		return err
	})
	if err != nil {
		return incident.Diagnosis{}, err
	}
	s.mu.Lock()
	s.seen = append(s.seen, look)
	s.mu.Unlock()
	if s.fail != nil && s.fail(b) {
		return incident.Diagnosis{}, errs.New(errs.Unavailable, "lost")
	}
	return s.judge(b), nil
}

func (s *spy) judge(b *telemetry.Bundle) incident.Diagnosis {
	d := incident.Diagnosis{Incident: b.Incident, Engine: incident.Engine{Name: "spy", Version: "1"}, Verdict: incident.Healthy, Confidence: .9}
	most := 20.0
	for _, t := range b.Tables {
		for i, v := range t.Column("cpu").Values {
			at := time.Unix(0, t.Times[i])
			if v > most && b.Incident.Window.Contains(at) && !s.quiet {
				node, _ := b.Topology.Node(t.Node)
				most, d.Verdict, d.Detection.Anomalous = v, incident.Confirmed, true
				d.Causes = []incident.Cause{{Rank: 1, Node: t.Node, Service: node.Service, Fault: "cpu_saturation", Probability: .9}}
				d.Detection.Spans = []incident.Span{{Window: b.Incident.Window, Nodes: []incident.NodeID{t.Node}}}
			}
		}
	}
	return d
}

// run evaluates the spy over a folder.
func run(t *testing.T, s *spy, c eval.Config) *eval.Report {
	t.Helper()
	c.Open, c.Temp, c.Seed = s.open, t.TempDir(), 3
	r, err := eval.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func figure(t *testing.T, p *eval.Part, key string) float64 {
	t.Helper()
	for _, f := range p.Figures {
		if f.Key == key {
			return f.Value
		}
	}
	t.Fatalf("no figure %s", key)
	return 0
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
