package importer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"triagent/internal/errs"
)

// tvRaw is a file of folder raw: by case, a list of what it holds.
type tvRaw[T any] map[string][]T

// tvCases is all that a system of the set holds.
type tvCases struct {
	metrics, traces, logs tvRaw[[]string]
	nodes                 tvRaw[string]
}

// importTVDiag imports TVDiag (Xie et al., "TVDiag: A Task-oriented and
// View-invariant Failure Diagnosis Framework for Microservice-based Systems with
// Multimodal Data", TOSEM 2025), one set a system found in src. There are alerts
// and nothing else: no times, no window. Cases are the test split; the training
// split goes to folder memory. The edges of the set stay out: they have no direction and hold
// pairs that only share a host; who calls whom stands in the alerts from traces.
//
// An alert from metrics is [instance, metric, direction], one from logs
// [instance, instance-template], one from traces [caller, callee, operation,
// what], where what is a status code or PD (slow) and caller -1 is outside.
func importTVDiag(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	labels, err := filepath.Glob(filepath.Join(src, "*", "label.csv"))
	if err != nil {
		return nil, err
	}
	if len(labels) == 0 {
		return nil, errs.At(src, 0, 0, "no folder with a label.csv")
	}
	var out []*Manifest
	for _, label := range labels {
		dir := filepath.Dir(label)
		system := filepath.Base(dir)
		m := &Manifest{
			Name: "tvdiag-" + system, Kind: TVDiag, System: system, Dir: filepath.Join(dst, "tvdiag-"+system),
			Notes: "Alerts without times. Cases: test split; memory: training split.",
		}
		if err := m.begin(); err != nil {
			return nil, err
		}
		if err := importTVSystem(ctx, dir, label, m, p); err != nil {
			return nil, err
		}
		if err := m.write(); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func importTVSystem(ctx context.Context, dir, label string, m *Manifest, p Progress) error {
	rows, err := readTable(label)
	if err != nil {
		return err
	}
	all, err := readTVCases(filepath.Join(dir, "raw"))
	if err != nil {
		return err
	}
	for i, r := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		part, folder := PartCase, "cases"
		if r["data_type"] == "train" {
			part, folder = PartMemory, "memory"
		}
		id := fmt.Sprintf("%s-%04d", m.System, i+1)
		e := Entry{ID: id, Path: memberPath(folder, id), Part: part, Split: fmt.Sprintf("%s/row-%s", m.Name, r["index"])}
		if err := all.writeCase(filepath.Join(m.Dir, folder, id), e, r, m.Name); err != nil {
			return fmt.Errorf("case %s: %w", r["index"], err)
		}
		m.Cases = append(m.Cases, e)
		p(m.Name, i+1, len(rows))
	}
	return nil
}

func readTVCases(dir string) (*tvCases, error) {
	var c tvCases
	for _, f := range []struct {
		name string
		to   any
	}{{"metrics", &c.metrics}, {"traces", &c.traces}, {"logs", &c.logs}, {"nodes", &c.nodes}} {
		name := filepath.Join(dir, f.name+".json")
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(b, f.to); err != nil {
			return nil, errs.At(name, 0, 0, "%w", err)
		}
	}
	return &c, nil
}

func (c *tvCases) writeCase(dir string, e Entry, r map[string]string, set string) error {
	instance := r["instance"]
	causes, err := causesOf(set, r["anomaly_type"], instance, instanceService(instance), windowJSON{})
	if err != nil {
		return err
	}
	alerts, err := c.alerts(r["index"])
	if err != nil {
		return err
	}
	var t topologyJSON
	for _, n := range c.nodes[r["index"]] {
		t.Nodes = append(t.Nodes, nodeJSON{ID: n, Service: instanceService(n)})
	}
	b := newBundle(dir)
	b.json("incident.json", incidentJSON{Version: 1, ID: e.ID, Title: "alerts", System: "kubernetes"})
	b.json("topology.json", t)
	b.json("truth.json", truthJSON{Causes: causes, Split: e.Split})
	b.member("alerts.jsonl", func(w *bufio.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for _, a := range alerts {
			if err := enc.Encode(a); err != nil {
				return err
			}
		}
		return nil
	})
	return b.close()
}

type tvAlert struct {
	Time      *string           `json:"time"` // always null: the set has no times
	Node      string            `json:"node"`
	Name      string            `json:"name"`
	Source    string            `json:"source"`
	Direction string            `json:"direction,omitempty"`
	Peer      string            `json:"peer,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

// alerts returns the alerts of a case: from metrics, logs and traces, each in
// the order of the set.
func (c *tvCases) alerts(index string) ([]tvAlert, error) {
	var out []tvAlert
	for _, a := range c.metrics[index] {
		if len(a) != 3 {
			return nil, errs.New(errs.Invalid, "metric alert %q has %d parts", a, len(a))
		}
		out = append(out, tvAlert{Node: a[0], Name: a[1], Source: "metric", Direction: a[2]})
	}
	for _, a := range c.logs[index] {
		if len(a) != 2 || len(a[1]) <= len(a[0]) {
			return nil, errs.New(errs.Invalid, "log alert %q is not [instance, instance-template]", a)
		}
		out = append(out, tvAlert{Node: a[0], Name: "template" + a[1][len(a[0]):], Source: "log"})
	}
	for _, a := range c.traces[index] {
		if len(a) != 4 {
			return nil, errs.New(errs.Invalid, "trace alert %q has %d parts", a, len(a))
		}
		t := tvAlert{Node: a[1], Name: a[3], Source: "trace", Direction: "up", Labels: map[string]string{"operation": a[2]}}
		if a[0] != a[1] {
			t.Peer = a[0]
		}
		if a[0] == "-1" {
			t.Peer, t.Labels["caller"] = "", "outside"
		}
		out = append(out, t)
	}
	return out, nil
}
