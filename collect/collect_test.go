package collect_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	begin = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	ask   = incident.Incident{
		ID: "inc-1", Title: "slow", Window: incident.Window{From: begin.Add(time.Hour), To: begin.Add(70 * time.Minute)},
		Baseline: incident.Window{From: begin, To: begin.Add(50 * time.Minute)}, Alert: incident.Alert{Name: "Slow", Node: "10.0.0.2:9092"},
	}
)

// scripted is a source that hands over what a test says.
type scripted struct {
	found  connectors.Found
	lost   error // of Discover
	give   func(ctx context.Context, ask connectors.Ask, to connectors.Sink) error
	closed bool
}

func (s *scripted) Discover(context.Context, incident.Window) (connectors.Found, error) {
	return s.found, s.lost
}

func (s *scripted) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	if s.give == nil {
		return nil
	}
	return s.give(ctx, ask, to)
}

func (s *scripted) Close() error { s.closed = true; return nil }

// askew is a source whose clock is behind.
type askew struct{ scripted }

func (*askew) Clock() (connectors.Clock, bool) {
	return connectors.Clock{Least: -8 * time.Second.Nanoseconds(), Most: -7 * time.Second.Nanoseconds()}, true
}

// TestClock says that a clock is off, by how much at least and which way.
func TestClock(t *testing.T) {
	src := &askew{scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		return to.Series(connectors.Series{Node: "n1", Name: "up", Times: at(61), Values: []float64{1}})
	}}}
	b, _ := gather(t, collect.Ask{Incident: ask}, collect.Source{Name: "prom", Source: collect.Guard(src)})
	if len(b.Collected.Clocks) != 1 || b.Collected.Clocks[0].Most != -7*time.Second {
		t.Errorf("clocks %+v", b.Collected.Clocks)
	}
	var said []string
	for _, m := range b.Missing {
		said = append(said, m.What+": "+m.Why)
	}
	if want := "a common clock: the clock of prom is at least 7s behind that of this machine"; !strings.Contains(strings.Join(said, "\n"), want) {
		t.Errorf("%q is not in %q", want, said)
	}
}

// gather collects from sources and opens the bundle.
func gather(t *testing.T, a collect.Ask, sources ...collect.Source) (*telemetry.Bundle, telemetry.Collected) {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "b")
	a.Scratch = t.TempDir()
	s := collect.System{Name: "shop", Kind: "iotdb", Sources: sources}
	got, err := s.Bundle(t.Context(), a, dst)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(a.Scratch); len(left) > 0 {
		t.Errorf("%d scratch files are left", len(left))
	}
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b, got
}

func named(name string, s *scripted) collect.Source {
	return collect.Source{Name: name, Kind: name, At: "http://" + name, Source: s}
}

func at(minutes ...int) (out []int64) {
	for _, m := range minutes {
		out = append(out, begin.Add(time.Duration(m)*time.Minute).UnixNano())
	}
	return out
}

// TestJoin collects from three sources that call the same two nodes differently.
func TestJoin(t *testing.T) {
	var asked []connectors.Node
	metrics := &scripted{
		found: connectors.Found{Nodes: []connectors.Node{{Names: []string{"10.0.0.1:9092"}, Host: "10.0.0.1"}, {Names: []string{"10.0.0.2:9092"}, Host: "10.0.0.2"}}},
		give: func(_ context.Context, a connectors.Ask, to connectors.Sink) error {
			asked = a.Nodes
			return errors.Join(
				to.Series(connectors.Series{Node: "10.0.0.2:9092", Name: "up", Times: at(-5, 10, 20, 65), Values: []float64{1, 1, 1, 0}, Query: `up{x="2"}`}),
				to.Series(connectors.Series{Node: "10.0.0.2:9092", Name: "load", Times: at(10, 30), Values: []float64{.1, .3}, Query: "load"}),
			)
		},
	}
	system := &scripted{
		found: connectors.Found{
			Nodes: []connectors.Node{
				{Names: []string{"datanode-1", "10.0.0.1:6667"}, Host: "10.0.0.1", Service: "datanode"},
				{Names: []string{"datanode-2", "10.0.0.2:6667"}, Host: "10.0.0.2", Service: "datanode"},
			},
			Roles:  []connectors.Role{{Node: "10.0.0.2:6667", Role: incident.Leader, Group: "g1"}, {Node: "datanode-1", Role: incident.Follower, Group: "g1"}},
			Groups: []connectors.Group{{ID: "g1", Members: []string{"10.0.0.1:6667", "10.0.0.2:6667"}, Consensus: "iot"}},
		},
	}
	logs := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		return errors.Join(
			to.Line(connectors.Line{Node: "datanode-2", Time: at(62)[0], Body: []byte("second"), Raw: true, Query: "q"}),
			to.Line(connectors.Line{Node: "datanode-2", Body: []byte("  of second"), Raw: true, Query: "q"}),
			to.Line(connectors.Line{Node: "10.0.0.2", Time: at(61)[0], Body: []byte("first"), Raw: true, Query: "q"}),
			to.Line(connectors.Line{Node: "stranger", Time: at(61)[0], Body: []byte("who"), Query: "q"}),
			to.Line(connectors.Line{Node: "datanode-2", Time: at(100)[0], Body: []byte("later"), Raw: true, Query: "q"}),
			to.Span(&telemetry.Span{TraceID: "t", SpanID: "s", Node: "10.0.0.1:9092", Name: "insert", Start: at(61)[0], Duration: 5}, "/traces"),
			to.Change(connectors.Change{Node: "datanode-1", Kind: "restart", Time: at(59)[0], Text: "up\nagain"}),
		)
	}}
	b, got := gather(t, collect.Ask{Incident: ask}, named("iotdb", system), named("prometheus", metrics), named("loki", logs))

	if b.Incident.Alert.Node != "datanode-2" || b.Incident.System != "iotdb" {
		t.Errorf("incident %+v", b.Incident)
	}
	if len(asked) != 2 || asked[0].Names[0] != "datanode-2" {
		t.Errorf("asked for %+v: the node of the alert comes first", asked)
	}
	if n, _ := b.Topology.Node("datanode-2"); n.Service != "datanode" || n.Host != "10.0.0.2" {
		t.Errorf("node %+v", n)
	}
	if len(b.Topology.Groups) != 1 || len(b.Topology.Groups[0].Members) != 2 || len(b.Topology.Roles) != 2 {
		t.Errorf("topology %+v", b.Topology)
	}
	if len(b.Tables) != 1 || b.Tables[0].Node != "datanode-2" || len(b.Tables[0].Times) != 4 || b.Tables[0].Columns[0].Name != "load" {
		t.Errorf("tables %+v", b.Tables)
	}
	if text := member(t, b, "logs/datanode-2.jsonl.gz"); strings.Count(text, "\n") != 3 || strings.Index(text, "first") > strings.Index(text, "second") {
		t.Errorf("log of datanode-2:\n%s", text) // two spools: under two names
	}
	if len(b.LogNodes) != 2 || !b.HasSpans || len(b.Changes) != 1 || b.Changes[0].Text != "up again" {
		t.Errorf("logs of %v, spans %v, changes %v", b.LogNodes, b.HasSpans, b.Changes)
	}
	if len(got.Sources) != 3 || got.Sources[1].Gave != "2 series" {
		t.Errorf("sources %+v", got.Sources)
	}
	var queries int
	for _, q := range b.Collected.Queries {
		if q.File == "metrics/datanode-2.csv" && q.Column == "up" && q.Text == `up{x="2"}` || q.File == "traces.jsonl" && q.Text == "/traces" {
			queries++
		}
	}
	if queries != 2 {
		t.Errorf("queries %+v", b.Collected.Queries)
	}
}

func member(t *testing.T, b *telemetry.Bundle, name string) string {
	t.Helper()
	r, err := b.Member(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Error(err)
	}
	return string(text)
}

// TestOneFails has a source that fails in each way: the bundle is made of the
// others and says what is missing, why, and what helps.
func TestOneFails(t *testing.T) {
	good := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		return to.Series(connectors.Series{Node: "n1", Name: "up", Times: at(61), Values: []float64{1}})
	}}
	slow := &scripted{give: func(ctx context.Context, _ connectors.Ask, to connectors.Sink) error {
		if err := to.Series(connectors.Series{Node: "n1", Name: "slow", Times: at(61), Values: []float64{1}}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	denied := &scripted{
		lost: &errs.Error{Kind: errs.Denied, Err: errors.New("status 403"), Remedy: "give the right to read"},
		give: func(context.Context, connectors.Ask, connectors.Sink) error {
			return &errs.Error{Kind: errs.Denied, Err: errors.New("status 403"), Remedy: "give the right to read"}
		},
	}
	endless := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		for {
			if err := to.Line(connectors.Line{Node: "n1", Time: at(61)[0], Body: []byte("x")}); err != nil {
				return err
			}
		}
	}}
	b, got := gather(t, collect.Ask{Incident: ask, Within: time.Second, Limit: connectors.Limit{Lines: 1000}},
		named("good", good), named("slow", slow), named("denied", denied), named("endless", endless))
	var all []string
	for _, m := range b.Missing {
		all = append(all, m.What+": "+m.Why)
	}
	said := strings.Join(all, "\n")
	for _, want := range []string{
		"the rest of slow, after 1 series: the time for collecting was over",
		"everything of denied: status 403 (give the right to read)",
		"the rest of endless, after 1001 log lines: more than 1000 log lines",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in:\n%s", want, said)
		}
	}
	if len(b.Tables) != 1 || len(b.Tables[0].Columns) != 2 || got.Sources[0].Failed != "" {
		t.Errorf("tables %+v, sources %+v", b.Tables, got.Sources)
	}
}

// TestNothing is refused: there is no bundle of nothing, and it says why.
func TestNothing(t *testing.T) {
	down := &scripted{lost: errs.New(errs.Unavailable, "nothing listens there")}
	s := collect.System{Name: "shop", Sources: []collect.Source{named("prom", down)}}
	dst := filepath.Join(t.TempDir(), "b")
	_, err := s.Bundle(t.Context(), collect.Ask{Incident: ask}, dst)
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "nothing listens there") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(dst); !os.IsNotExist(err) {
		t.Errorf("there is a bundle: %v", err)
	}
	if err := s.Close(); err != nil || !down.closed {
		t.Errorf("closed %v, %v", down.closed, err)
	}
	if _, err := s.Bundle(t.Context(), collect.Ask{}, dst); errs.KindOf(err) != errs.Invalid {
		t.Errorf("without a window: %v", err)
	}
}

// TestInterrupted leaves no bundle and no scratch.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := collect.System{Sources: []collect.Source{named("x", &scripted{give: func(ctx context.Context, _ connectors.Ask, _ connectors.Sink) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})}}
	dir := t.TempDir()
	_, err := s.Bundle(ctx, collect.Ask{Incident: ask, Scratch: dir}, filepath.Join(dir, "b"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// TestYoung has sources that begin after the baseline: what lies before the
// alert is the baseline then, and the report says so.
func TestYoung(t *testing.T) {
	young := ask
	young.Alert.Time = begin.Add(67 * time.Minute)
	src := func(minutes ...int) *scripted {
		return &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
			return to.Series(connectors.Series{Node: "n1", Name: "up", Times: at(minutes...), Values: make([]float64, len(minutes))})
		}}
	}
	b, _ := gather(t, collect.Ask{Incident: young}, named("prom", src(61, 62, 64, 66, 68)))
	if i := b.Incident; !i.Window.From.Equal(begin.Add(66*time.Minute)) || !i.Baseline.From.Equal(begin.Add(61*time.Minute)) || i.Baseline.To.After(i.Window.From) {
		t.Errorf("window %v, baseline %v", i.Window, i.Baseline)
	}
	if m := b.Missing[0]; m.What != "the baseline" || m.Why != "metrics begin at 11:01:00: what lies before 11:05:50 is taken for normal" {
		t.Errorf("missing %+v", b.Missing)
	}
	for name, minutes := range map[string][]int{"old enough": {49, 61, 68}, "too young": {65, 66, 68}} {
		if b, _ := gather(t, collect.Ask{Incident: young}, named("prom", src(minutes...))); b.Incident.Window != ask.Window || b.Incident.Baseline != ask.Baseline {
			t.Errorf("%s: window %v, baseline %v", name, b.Incident.Window, b.Incident.Baseline)
		}
	}
}

// TestUnderWay has a window that is not over: it ends where the data do, and what
// was measured while collecting is in it.
func TestUnderWay(t *testing.T) {
	now := time.Now()
	under := incident.Incident{ID: "x", Window: incident.Window{From: now.Add(-time.Minute), To: now.Add(5 * time.Minute)}, Alert: incident.Alert{Name: "Slow", Time: now.Add(-30 * time.Second)}}
	var last time.Time
	src := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		last = time.Now()
		return to.Series(connectors.Series{Node: "n1", Name: "up", Times: []int64{now.Add(-20 * time.Second).UnixNano(), last.UnixNano()}, Values: []float64{1, 1}})
	}}
	b, _ := gather(t, collect.Ask{Incident: under}, named("pg", src))
	if to := b.Incident.Window.To; to.Before(last) || to.After(time.Now()) || len(b.Tables[0].Times) != 2 {
		t.Errorf("the window ends at %v, the data at %v, now is %v", to, last, time.Now())
	}
}
