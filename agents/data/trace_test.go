package data

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// scene is a bundle in the making.
type scene struct {
	t     *testing.T
	dir   string
	spans []string
	logs  map[string][]string
	ids   int
}

func newScene(t *testing.T) *scene {
	return &scene{t: t, dir: t.TempDir(), logs: map[string][]string{}}
}

// span adds a span of ms milliseconds, s seconds after the epoch, and returns
// its id.
func (s *scene) span(trace, parent, node, name, kind string, start, ms float64, attributes map[string]any) string {
	s.ids++
	id := fmt.Sprintf("%016x", s.ids)
	b, err := json.Marshal(map[string]any{
		"trace_id": trace, "span_id": id, "parent_id": parent, "node": node, "service": strings.TrimRight(node, "-0123456789"),
		"name": name, "kind": kind, "start": at(start).UnixNano(), "duration": int64(ms * 1e6), "status": "ok", "attributes": attributes,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.spans = append(s.spans, string(b))
	return id
}

func (s *scene) line(node, trace, level, body string, when float64) {
	b, err := json.Marshal(map[string]any{"time": at(when).UnixNano(), "level": level, "body": body, "trace_id": trace})
	if err != nil {
		s.t.Fatal(err)
	}
	s.logs[node] = append(s.logs[node], string(b))
}

// input writes the bundle and opens it.
func (s *scene) input() agents.Input {
	s.t.Helper()
	s.write("incident.json", `{"version":1,"id":"x","title":"x","system":"","window":{"from":"2026-01-02T10:11:00Z","to":"2026-01-02T10:13:00Z"},`+
		`"baseline":{"from":"2026-01-02T10:00:00Z","to":"2026-01-02T10:10:00Z"},"alert":{"name":"a","at":"2026-01-02T10:11:40Z"}}`)
	s.write("topology.json", `{"nodes":[{"id":"front-1","host":"10.0.0.1","service":"front"},{"id":"stock-1","host":"10.0.0.2","service":"stock"},`+
		`{"id":"price-1","host":"10.0.0.3","service":"price"},{"id":"db-1","host":"10.0.0.4","service":"db"}]}`)
	if len(s.spans) > 0 {
		s.write("traces.jsonl", strings.Join(s.spans, "\n")+"\n")
	}
	for n, l := range s.logs {
		s.write("logs/"+n+".jsonl", strings.Join(l, "\n")+"\n")
	}
	b, err := telemetry.Open(context.Background(), s.dir, telemetry.Limits{})
	if err != nil {
		s.t.Fatal(err)
	}
	return agents.Input{Bundle: b, Frame: frame()}
}

func (s *scene) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// request is what differs between the requests of a shop.
type request struct {
	noPrice               bool
	netPrice, ownStock    float64 // ms added on the way to price, and in stock itself
	stockLine, stockLevel string
}

// shop fills a scene with a request every second: front calls stock and price.
// odd changes a request of the fault, from 690 s on.
func (s *scene) shop(odd func(r *request)) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 780 {
		when := float64(i)
		r := request{stockLine: "found 7 items in shelf 12", stockLevel: "INFO"}
		if when >= 690 {
			odd(&r)
		}
		trace, jitter := fmt.Sprintf("t%d", i), rnd.Float64()
		root := s.span(trace, "", "front-1", "GET /buy", "server", when, 30+r.netPrice+r.ownStock+jitter, nil)
		call := s.span(trace, root, "front-1", "HTTP GET", "client", when+.001, 10+r.ownStock+jitter, nil)
		s.span(trace, call, "stock-1", "GET /stock", "server", when+.002, 8+r.ownStock+jitter/2, nil)
		s.line("stock-1", trace, r.stockLevel, r.stockLine, when+.004)
		s.line("front-1", trace, "INFO", "bought by user 7", when+.02)
		if r.noPrice {
			continue
		}
		call = s.span(trace, root, "front-1", "HTTP GET", "client", when+.015, 9+r.netPrice+jitter, nil)
		price := s.span(trace, call, "price-1", "GET /price", "server", when+.016, 6+jitter/2, nil)
		s.span(trace, price, "price-1", "SELECT", "internal", when+.017, 3+jitter/2, nil)
	}
}

func investigate(t *testing.T, a agents.Agent, in agents.Input) agents.Result {
	t.Helper()
	res, err := a.Investigate(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	d := incident.Diagnosis{Incident: in.Bundle.Incident, Evidence: res.Evidence}
	for i, f := range res.Findings {
		f.ID = incident.FindingID(fmt.Sprintf("F%d", i+1))
		d.Findings = append(d.Findings, f)
	}
	rep, err := evidence.Check(context.Background(), in.Bundle, &d)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rep.Problems {
		t.Errorf("the checker refutes %v", p)
	}
	return res
}

// best is the strongest evidence of a signal.
func best(res agents.Result, signal incident.Signal) incident.Evidence {
	var out incident.Evidence
	for _, e := range res.Evidence {
		if e.Signal == signal && e.Score > out.Score {
			out = e
		}
	}
	return out
}

func TestTraceHealthy(t *testing.T) {
	s := newScene(t)
	s.shop(func(*request) {})
	for _, e := range investigate(t, Trace{}, s.input()).Evidence {
		if e.Score > healthyTop {
			t.Errorf("nothing is wrong, and yet %+v", e)
		}
	}
}

func TestTraceFaults(t *testing.T) {
	for _, tt := range []struct {
		name      string
		odd       func(r *request)
		signal    incident.Signal
		node      incident.NodeID
		direction incident.Direction
		text      string // part of its name
	}{
		{
			"own error line in place of the usual one",
			func(r *request) { r.stockLine, r.stockLevel = "no such shelf 12", "ERROR" },
			"code.error_line", "stock-1", incident.New, "no such shelf",
		},
		{
			"usual line gone",
			func(r *request) { r.stockLine = "bought nothing" },
			"code.line_gone", "stock-1", incident.Gone, "found",
		},
		{"step gone", func(r *request) { r.noPrice = true }, "code.line_gone", "front-1", incident.Down, "HTTP GET"},
		{"slow way", func(r *request) { r.netPrice = 200 }, "call.net_time", "price-1", incident.Up, "GET /price"},
		{"slow self", func(r *request) { r.ownStock = 100 }, "span.self_time", "stock-1", incident.Up, "GET /stock"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			s.shop(tt.odd)
			e := best(investigate(t, Trace{}, s.input()), tt.signal)
			if e.Node != tt.node || e.Direction != tt.direction || !strings.Contains(e.Name, tt.text) || e.Score < healthyTop {
				t.Fatalf("strongest %s: %+v", tt.signal, e)
			}
			if e.Onset.From.After(at(690)) || e.Onset.To.Before(at(690)) {
				t.Errorf("onset %v, want 690 s in it", e.Onset)
			}
			if e.Source.Line == 0 || e.Source.File == "" || len(e.Numbers) == 0 {
				t.Errorf("no way back to the raw data: %+v", e.Source)
			}
		})
	}
}

// Lines that nobody recorded before the window are not new.
func TestTraceLinesOnlyNow(t *testing.T) {
	s := newScene(t)
	s.shop(func(*request) {})
	for n := range s.logs {
		s.logs[n] = s.logs[n][650:]
	}
	for _, e := range investigate(t, Trace{}, s.input()).Evidence {
		if e.Score > healthyTop {
			t.Errorf("the lines of the baseline are missing, and yet %+v", e)
		}
	}
}

// Where the baseline has spans and the window none, that is said.
func TestTraceLost(t *testing.T) {
	s := newScene(t)
	s.shop(func(*request) {})
	whole := investigate(t, Trace{}, s.input())
	s.spans = s.spans[:600] // of the first minutes
	if cut := investigate(t, Trace{}, s.input()); whole.Lost || !cut.Lost || len(cut.Missing) != 1 {
		t.Errorf("whole: lost %v; without the window: lost %v, missing %v", whole.Lost, cut.Lost, cut.Missing)
	}
}

// A call that waits the same each time is a shift, not a spread.
// Nodes and peers that spans make up are bounded, and what is left out is told.
func TestTraceStrangers(t *testing.T) {
	s := newScene(t)
	for i := range maxStrangers + 300 {
		s.span(fmt.Sprint("t", i), "", fmt.Sprint("lambda-", i), "get", "client", float64(i%100), 1, map[string]any{"peer.service": fmt.Sprint("x", i)})
	}
	in := s.input()
	w, err := (*spanWalk)(nil).walked(t.Context(), in, &logWalk{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(w.model.nodes.text); got > maxStrangers+len(in.Bundle.Topology.Nodes) {
		t.Errorf("%d nodes", got)
	}
	told := w.model.reductions(w.assembler, 0)
	if last := told[len(told)-1]; w.model.crowd == 0 || last.In-last.Out != w.model.crowd {
		t.Errorf("%d spans were left out, told %+v", w.model.crowd, told)
	}
}

// So are the sizes of calls.
func TestTraceAttributes(t *testing.T) {
	s := newScene(t)
	for i := range 10 * mostAttributes {
		s.span(fmt.Sprint("t", i), "", "a-1", "get", "client", float64(i%100), 1, map[string]any{"peer.service": "b-1", fmt.Sprint("k", i, ".bytes"): i + 1})
	}
	w, err := (*spanWalk)(nil).walked(t.Context(), s.input(), &logWalk{})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.model.opSeq) != 1 || len(w.model.opSeq[0].attributes) != mostAttributes {
		t.Errorf("%d operations, the first with %d sizes; want %d", len(w.model.opSeq), len(w.model.opSeq[0].attributes), mostAttributes)
	}
}

func TestTraceShape(t *testing.T) {
	s := newScene(t)
	s.shop(func(r *request) { r.netPrice = 200 })
	if e := best(investigate(t, Trace{}, s.input()), "call.net_time"); e.Shape != incident.Step {
		t.Errorf("shape %q, want a step", e.Shape)
	}
}

// The spans of a trace may come in any order, and segments do not mix.
func TestForest(t *testing.T) {
	spans := []leaf{
		{id: 3, parent: 2, node: 1},
		{id: 1, node: 0},
		{id: 2, parent: 1, node: 0},
		{id: 4, parent: 3, node: 0},
		{id: 5, parent: 99, node: 2},
		{id: 6, parent: 7, node: 3},
		{id: 7, parent: 6, node: 3},
	}
	var f forest
	f.build(spans)
	for i, want := range []int32{0, 1, 1, 3, 4} {
		if f.segment[i] != want {
			t.Errorf("span %d: segment %d, want %d", i, f.segment[i], want)
		}
	}
	if f.segment[5] != f.segment[6] {
		t.Errorf("a cycle falls apart: %v", f.segment)
	}
}

// Each trace is handed on once and whole, in bounded memory.
func TestAssembler(t *testing.T) {
	seen := map[uint64]int{}
	a := newAssembler(func(trace uint64, spans []leaf) { seen[trace] += len(spans) })
	for i := range uint64(maxOpen) {
		a.add(i/3+1, leaf{id: i + 1})
	}
	if a.early != 0 {
		t.Errorf("%d traces closed early below the bound", a.early)
	}
	a.add(1<<40, leaf{id: 1})
	if a.early != 1 || a.held > maxOpen {
		t.Errorf("beyond the bound: %d early, %d held", a.early, a.held)
	}
	a.flush()
	if a.held != 0 || len(seen) != maxOpen/3+1 || seen[7] != 3 {
		t.Errorf("after the flush: %d held, %d traces", a.held, len(seen))
	}
}

// Spans of a trace come in the order in which they were added, whatever comes
// between, and none gets lost where traces are closed early and begin again.
func TestAssemblerMixed(t *testing.T) {
	added, got := map[uint64][]uint64{}, map[uint64][]uint64{}
	a := newAssembler(func(trace uint64, spans []leaf) {
		for _, l := range spans {
			got[trace] = append(got[trace], l.id)
		}
	})
	for i := range uint64(2 * maxOpen) {
		trace := i*i%5003 + i/50_000*5003 + 1
		a.add(trace, leaf{id: i})
		added[trace] = append(added[trace], i)
	}
	early, blocks := a.early, len(a.store)
	a.flush()
	if early == 0 || blocks > maxOpen/linkBlock+1 || !reflect.DeepEqual(added, got) {
		t.Errorf("%d closed early, %d blocks, %d traces of %d", early, blocks, len(got), len(added))
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"select s7 from d19 where time >= 178": "select s? from d? where time >= ?",
		"where name = 'it 1' and x=\"2\"":      "where name = ? and x=?",
		"unfinished 'text":                     "unfinished ?",
		"":                                     "",
	} {
		if got := string(mask(nil, in)); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("select 'a' from \"b\" where 1")
	f.Fuzz(func(t *testing.T, s string) {
		if got := mask(nil, s); len(got) > len(s)+1 {
			t.Errorf("mask(%q) = %q grows", s, got)
		}
	})
}

// Equal inputs give equal results.
func TestSameTwice(t *testing.T) {
	s := newScene(t)
	s.shop(func(r *request) { r.stockLine, r.stockLevel, r.netPrice = "no such shelf 12", "ERROR", 50 })
	in := s.input()
	for _, a := range []agents.Agent{Log{}, Trace{}} {
		x, y := investigate(t, a, in), investigate(t, a, in)
		if len(x.Evidence) == 0 || !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %d pieces of evidence, and not the same twice", a.Name(), len(x.Evidence))
		}
	}
}
