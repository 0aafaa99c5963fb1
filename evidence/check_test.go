package evidence

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// madeBundle writes a small bundle with every kind of member.
func madeBundle(t *testing.T) *telemetry.Bundle {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, lines ...string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		data := []byte(strings.Join(lines, "\n") + "\n")
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stamp := func(i int) string { return at(5, i).Format(time.RFC3339) }
	write("incident.json", fmt.Sprintf(`{"version":1,"id":"made-1","system":"shop","window":{"from":%q,"to":%q},"baseline":{"from":%q,"to":%q}}`,
		stamp(24), stamp(46), stamp(0), stamp(24)))
	write("topology.json", `{"nodes":[{"id":"db-1","host":"10.0.0.1","service":"db"},{"id":"db-2","host":"10.0.0.2","service":"db"}],`,
		fmt.Sprintf(`"roles":[{"node":"db-1","role":"leader","group":"region-7","from":%q},{"node":"db-2","role":"leader","group":"region-7","from":%q}]}`, stamp(0), stamp(30)))
	write("alerts.jsonl", fmt.Sprintf(`{"time":%q,"node":"db-1","name":"500","source":"trace","direction":"up"}`, stamp(30)))
	write("events.jsonl", fmt.Sprintf(`{"time":%q,"node":"db-2","kind":"config","text":"limit set to 5"}`, stamp(10)),
		fmt.Sprintf(`{"time":%q,"node":"db-1","kind":"restart","text":"restarted with 3 workers"}`, stamp(29)))
	r := rand.New(rand.NewPCG(1, 2))
	for n, node := range []string{"db-1", "db-2"} {
		rows := []string{"time,cpu_percent,mem_bytes,requests_total,wait_ms,idle"}
		for i := range 46 {
			hot := above(i, 28) * float64(1-n)
			cells := fmt.Sprintf("%.4f,%.0f,%d,%.3f", 20+2*r.Float64()+70*hot, 1e9+1e6*r.NormFloat64(), 1000+50*i+400*int(hot)*(i-27), 5*math.Exp(.2*r.NormFloat64()+2*hot))
			if n == 1 && i >= 34 {
				cells = ",,,"
			}
			rows = append(rows, fmt.Sprintf("%d,%s,%.2f", at(5, i).UnixMilli(), cells, 50+3*r.NormFloat64()))
		}
		write("metrics/"+node+".csv.gz", rows...)
	}
	var lines, spans []string
	for i := range 230 {
		when := origin.Add(time.Duration(i) * time.Second)
		text := when.Format("2006-01-02 15:04:05,000")
		lines = append(lines, fmt.Sprintf("%s [worker-%d] INFO  c.s.Flusher:12 - flushed %d pages in %d ms", text, i%4, r.IntN(90), r.IntN(20)))
		if i > 140 && i%3 == 0 {
			lines = append(lines, text+" [worker-1] ERROR c.s.Store:99 - cannot reach db-2 after "+strconv.Itoa(i)+" tries", "java.io.IOException: refused", "\tat c.s.Store.put(Store.java:99)")
		}
		status, slow := "ok", 1.0
		if i > 150 {
			slow = 9
			if i%4 == 0 {
				status = "error"
			}
		}
		spans = append(spans, fmt.Sprintf(`{"trace_id":"t%d","span_id":"s%d","node":"db-1","service":"db","name":"put 2","kind":"client","start":%d,"duration":%d,"status":%q,"attributes":{"server.address":"db-2","db.rows":%d}}`,
			i, i, when.UnixNano(), int64(2e6*slow*(1+r.Float64())), status, 10+r.IntN(9)),
			fmt.Sprintf(`{"trace_id":"t%d","span_id":"p%d","node":"db-2","service":"db","name":"serve","kind":"server","start":%d,"duration":100000,"status":"ok","attributes":{}}`, i, i, when.UnixNano()))
	}
	write("logs/db-1.log", lines...)
	write("logs/db-2.log")
	write("traces.jsonl", spans...)
	b, err := telemetry.Open(context.Background(), dir, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// maker makes evidence as agents do.
type maker struct {
	t   *testing.T
	b   *telemetry.Bundle
	f   Frame
	d   incident.Diagnosis
	out int
}

func newMaker(t *testing.T, b *telemetry.Bundle) *maker {
	w := b.Incident.Window
	return &maker{t: t, b: b, f: Frame{
		Window: w, Baseline: []incident.Window{b.Incident.Baseline}, Search: incident.Window{From: w.From.Add(-30 * time.Second), To: w.To},
	}}
}

// add gives e an ID and a text that prints its numbers.
func (m *maker) add(e incident.Evidence, numbers ...incident.Number) {
	m.out++
	e.ID = incident.EvidenceID(fmt.Sprintf("E%d", m.out))
	e.Numbers = numbers
	e.Text.Key = "made"
	for _, n := range numbers {
		e.Text.Args = append(e.Text.Args, incident.Arg{Name: n.Name, Value: Format(n.Value, UnitOf(n.Stat, e.Unit))})
	}
	e.Text.Args = append(e.Text.Args, incident.Arg{Name: "node", Value: string(e.Node)}, incident.Arg{Name: "onset", Value: Clock(e.Onset.To)}, incident.Arg{Name: "what", Value: e.Name})
	m.d.Evidence = append(m.d.Evidence, e)
	m.d.Findings = append(m.d.Findings, incident.Finding{ID: incident.FindingID(fmt.Sprintf("F%d", m.out)), Cites: []incident.EvidenceID{e.ID}})
}

func (m *maker) metrics(perNode int, meaning func(string) Meaning) {
	var s Scorer
	for i := range m.b.Tables {
		tb := &m.b.Tables[i]
		made := 0
		for _, col := range tb.Columns {
			mean := meaning(col.Name)
			c := s.Change(tb.Times, col.Values, m.f, mean)
			if math.Abs(c.Score) < Noticed || made == perNode {
				continue
			}
			made++
			e := incident.Evidence{
				Kind: incident.Metric, Node: tb.Node, Name: col.Name, Unit: mean.Unit, Window: m.f.Window,
				Direction: c.Direction, Shape: c.Shape, Score: math.Abs(c.Score), Onset: c.Onset,
			}
			e.Source = incident.Source{File: tb.File, Line: SourceLine(tb, col.Name, &e)}
			numbers := c.Numbers(tb.File, col.Name, m.f.Window, mean)
			if len(numbers) == 3 && math.Abs(c.Shift) < Noticed { // the peak is the story
				numbers = []incident.Number{numbers[0], numbers[2]}
				numbers[1].Name = "after"
			}
			m.add(e, numbers...)
		}
	}
}

// log counts the records of the templates of all logs.
func (m *maker) logs(most int) {
	miner := compress.NewMiner(compress.Config{})
	type seen struct {
		file   string
		node   incident.NodeID
		bodies [][]byte
		times  []int64
		lines  []int
		ids    []int
	}
	byFile := map[string]*seen{}
	var files []string
	err := m.b.Logs(context.Background(), nil, func(r *telemetry.Record) error {
		s := byFile[r.File]
		if s == nil {
			s = &seen{file: r.File, node: r.Node}
			byFile[r.File] = s
			files = append(files, r.File)
		}
		s.bodies = append(s.bodies, bytes.Clone(r.Body))
		s.times = append(s.times, r.Time)
		s.lines = append(s.lines, r.Line)
		s.ids = append(s.ids, miner.Add(r.Body))
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	windows := [][]incident.Window{m.f.Baseline, {m.f.Window}}
	for _, file := range files {
		s := byFile[file]
		made := 0
		done := map[string]bool{}
		for i, id := range s.ids {
			template := miner.Template(id)
			if done[template] || made == most || !within(s.times[i], windows[1]) {
				continue
			}
			done[template] = true
			made++
			match := compress.NewMatcher(template)
			count := func(w []incident.Window) (n float64) {
				for k, body := range s.bodies {
					if within(s.times[k], w) && match.Match(body) {
						n++
					}
				}
				return n
			}
			m.add(incident.Evidence{
				Kind: incident.Log, Node: s.node, Name: template, Window: m.f.Window, Direction: incident.Up,
				Source: incident.Source{File: file, Line: s.lines[i]},
			}, incident.Number{Name: "before", Value: count(windows[0]), Stat: Records, File: file, Column: template, Windows: windows[0]},
				incident.Number{Name: "after", Value: count(windows[1]), Stat: Records, File: file, Column: template, Windows: windows[1]})
		}
	}
}

// spans states counts, failures, durations and sums of each operation.
func (m *maker) spans(most int) {
	type seen struct {
		sel   Selector
		spans []telemetry.Span
	}
	by := map[string]*seen{}
	var order []*seen
	file := ""
	err := m.b.Spans(context.Background(), func(s *telemetry.Span) error {
		peer := PeerOf(s)
		if peer == "" {
			peer = NoPeer
		}
		sel := Selector{Node: s.Node, Name: s.Name, Peer: peer}
		k := sel.String()
		if by[k] == nil {
			by[k] = &seen{sel: sel}
			order = append(order, by[k])
		}
		by[k].spans = append(by[k].spans, *s)
		file = s.File
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	w := []incident.Window{m.f.Window}
	for _, s := range order[:min(most, len(order))] {
		var ms []float64
		line, failed, rows := 0, 0.0, 0.0
		for _, sp := range s.spans {
			if !within(sp.Start, w) {
				continue
			}
			ms = append(ms, float64(sp.Duration)/1e6)
			if line = max(line, 0); line == 0 {
				line = sp.Line
			}
			if sp.Failed {
				failed++
			}
			if v, err := strconv.ParseFloat(sp.Attributes["db.rows"], 64); err == nil {
				rows += v
			}
		}
		if len(ms) == 0 {
			continue
		}
		slices.Sort(ms)
		sel := s.sel.String()
		num := func(name string, v float64, stat incident.Stat, arg string) incident.Number {
			return incident.Number{Name: name, Value: v, Stat: stat, File: file, Column: sel, Windows: w, Arg: arg}
		}
		numbers := []incident.Number{
			num("calls", float64(len(ms)), SpanCount, ""), num("failed", failed, SpanFail, ""),
			num("slow", quantileSorted(ms, .9), SpanQ, "0.9"), num("rows", rows, SpanSum, "db.rows"),
		}
		share := incident.Number{Name: "share", Stat: Share, Arg: "failed/calls"}
		share.Value = Derived(Share, numbers, share.Arg)
		peer := incident.NodeID("")
		if s.sel.Peer != NoPeer {
			peer = incident.NodeID(s.sel.Peer)
		}
		m.add(incident.Evidence{
			Kind: incident.Trace, Node: s.sel.Node, Peer: peer, Name: s.sel.Name, Unit: "ms", Window: m.f.Window,
			Source: incident.Source{File: file, Line: line, Query: sel},
		}, append(numbers, share)...)
	}
}

// others takes changes, and the groups of the topology.
func (m *maker) others() {
	for _, ch := range m.b.Changes {
		w := incident.Window{From: ch.Time, To: ch.Time.Add(time.Second)}
		e := incident.Evidence{
			Kind: incident.Occurred, Node: ch.Node, Name: ch.Kind, Window: w, Onset: w,
			Source: incident.Source{File: ch.File, Line: ch.Line},
		}
		e.Text.Args = []incident.Arg{{Name: "text", Value: ch.Text}}
		m.add(e)
	}
	for _, al := range m.b.Alerts {
		w := incident.Window{From: al.Time, To: al.Time.Add(time.Second)}
		m.add(incident.Evidence{Kind: incident.Occurred, Node: al.Node, Name: al.Name, Window: w, Onset: w, Source: incident.Source{File: al.File, Line: al.Line}})
	}
	for _, n := range m.b.Topology.Nodes { // each leads region-7 from when it was given it; db-2 is not told to have been anything before
		w := incident.Window{From: m.f.Window.From, To: m.f.Window.From.Add(time.Second)}
		count := incident.Number{Name: "led", Value: 1, Stat: Led, File: m.b.TopologyFile(), Column: string(n.ID), Windows: []incident.Window{w}}
		in := count
		in.Name, in.Stat = "member", Joined
		m.add(incident.Evidence{Kind: incident.Placement, Node: n.ID, Window: w, Source: incident.Source{File: count.File}}, count, in)
	}
	for _, r := range m.b.Topology.Roles {
		w := incident.Window{From: r.From, To: r.From.Add(time.Second)}
		m.add(incident.Evidence{
			Kind: incident.Placement, Node: r.Node, Name: r.Group, Window: w, Onset: w, Source: incident.Source{File: "topology.json", Query: r.Group},
		})
	}
}

func madeMeaning(name string) Meaning {
	switch name {
	case "cpu_percent":
		return Meaning{Bad: incident.Up, Unit: "percent"}
	case "requests_total":
		return Meaning{Counter: true, Unit: "requests"}
	case "wait_ms":
		return Meaning{Unit: "ms", Log: true}
	case "mem_bytes":
		return Meaning{Unit: "bytes"}
	}
	return Meaning{}
}

func madeDiagnosis(t *testing.T) (*telemetry.Bundle, *incident.Diagnosis) {
	b := madeBundle(t)
	m := newMaker(t, b)
	m.metrics(9, madeMeaning)
	m.logs(9)
	m.spans(9)
	m.others()
	d := &m.d
	// A level count, a count of complaints and the size of a file.
	w := m.f.Window
	for arg, want := range map[string]float64{LevelArg + "ERROR": 30, NamesArg + "db-2": 30} {
		n := 0.0
		_ = b.Logs(context.Background(), nil, func(r *telemetry.Record) error {
			if r.Level == telemetry.Error && within(r.Time, []incident.Window{w}) {
				n++
			}
			return nil
		})
		if n < want/2 {
			t.Fatalf("%v errors made", n)
		}
		m.add(incident.Evidence{Kind: incident.Log, Node: "db-1", Peer: "db-2", Window: w, Source: incident.Source{File: "logs/db-1.log"}},
			incident.Number{Name: "errors", Value: n, Stat: Records, File: "logs/db-1.log", Arg: arg, Windows: []incident.Window{w}},
			incident.Number{Name: "size", Value: 320, Stat: Lines, File: "logs/db-1.log"})
	}
	d.Causes = []incident.Cause{{Cites: []incident.EvidenceID{"E1"}}}
	d.Reasoning = []incident.Reason{{Cites: []string{"E1", "F2"}}}
	d.Rejected = []incident.Rejected{{}}
	d.Propagation = []incident.Spread{{Cites: []incident.EvidenceID{"E2"}}}
	return b, d
}

func TestCheckHolds(t *testing.T) {
	b, d := madeDiagnosis(t)
	kinds := map[incident.Kind]int{}
	for _, e := range d.Evidence {
		kinds[e.Kind]++
	}
	if kinds[incident.Metric] < 5 || kinds[incident.Log] < 4 || kinds[incident.Trace] < 2 || kinds[incident.Occurred] < 2 || kinds[incident.Placement] < 2 {
		t.Fatalf("too little evidence: %v", kinds)
	}
	r := mustCheck(t, b, d)
	for _, p := range r.Problems {
		t.Error(p)
	}
	if r.Claims != r.ClaimsHeld || r.Evidence != r.EvidenceHeld || r.Numbers != r.NumbersHeld || r.Claims != len(d.Findings)+4 || r.Numbers < 20 {
		t.Errorf("%+v", r)
	}
}

func mustCheck(t *testing.T, b *telemetry.Bundle, d *incident.Diagnosis) Report {
	t.Helper()
	r, err := Check(context.Background(), b, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
