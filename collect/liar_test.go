package collect_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

// lie is one thing that no bundle can hold, as a source hands it over.
type lie struct {
	found connectors.Found
	give  func(to connectors.Sink) error
	says  string // what the bundle says of it; empty: nothing is lost
	check func(t *testing.T, b *telemetry.Bundle)
}

func column(node, name string) func(connectors.Sink) error {
	return func(to connectors.Sink) error {
		return to.Series(connectors.Series{Node: node, Name: name, Times: at(61), Values: []float64{2}})
	}
}

func alert(a connectors.Alert) func(connectors.Sink) error {
	return func(to connectors.Sink) error { return to.Alert(a) }
}

func clock(least, most int64) func(connectors.Sink) error {
	return func(to connectors.Sink) error { return to.Clock(connectors.Clock{Of: "n2", Least: least, Most: most}) }
}

// all hands over one of each under the name of a node.
func all(node string) func(connectors.Sink) error {
	return func(to connectors.Sink) error {
		return errors.Join(
			column(node, "cpu")(to),
			to.Line(connectors.Line{Node: node, Time: at(61)[0], Body: []byte("x")}),
			to.Span(&telemetry.Span{Node: incident.NodeID(node), Start: at(61)[0]}, "q"),
			to.Change(connectors.Change{Node: node, Time: at(61)[0]}),
			to.Alert(connectors.Alert{Name: "a", Node: node, Peer: node, Starts: begin}),
		)
	}
}

// pair hands over two metrics of one node.
func pair(node, a, b string) func(connectors.Sink) error {
	return func(to connectors.Sink) error { return errors.Join(column(node, a)(to), column(node, b)(to)) }
}

// hasColumn checks that the metrics of n2 have a column.
func hasColumn(name string) func(*testing.T, *telemetry.Bundle) {
	return func(t *testing.T, b *telemetry.Bundle) {
		for _, x := range b.Tables {
			if x.Node == "n2" && slices.ContainsFunc(x.Columns, func(c telemetry.Column) bool { return c.Name == name }) {
				return
			}
		}
		t.Errorf("no column %.40q", name)
	}
}

// oneNode checks that all parts but the healthy source's are of one node.
func oneNode(t *testing.T, b *telemetry.Bundle) {
	if len(b.Tables) != 2 || len(b.LogNodes) != 1 || len(b.Alerts) != 1 || len(b.Changes) != 1 {
		t.Fatalf("tables %d, logs %d, alerts %d, changes %d", len(b.Tables), len(b.LogNodes), len(b.Alerts), len(b.Changes))
	}
	id := b.LogNodes[0]
	if (b.Tables[0].Node != id && b.Tables[1].Node != id) || b.Alerts[0].Node != id || b.Alerts[0].Peer != id || b.Changes[0].Node != id {
		t.Errorf("not all is of %.60q", id)
	}
	if err := b.Spans(t.Context(), func(s *telemetry.Span) error {
		if s.Node != id {
			t.Errorf("a span of %.60q", s.Node)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// nodes checks how many nodes the bundle tells apart by metrics.
func nodes(n int) func(*testing.T, *telemetry.Bundle) {
	return func(t *testing.T, b *telemetry.Bundle) {
		if len(b.Tables) != n {
			t.Errorf("%d tables, want %d", len(b.Tables), n)
		}
	}
}

// unknownTime checks that the alert is there and nobody knows since when.
func unknownTime(t *testing.T, b *telemetry.Bundle) {
	if len(b.Alerts) != 1 || !b.Alerts[0].Time.IsZero() {
		t.Errorf("alerts %+v", b.Alerts)
	}
}

func noClock(t *testing.T, b *telemetry.Bundle) {
	if len(b.Collected.Clocks) != 0 {
		t.Errorf("clocks %+v", b.Collected.Clocks)
	}
}

func lies() map[string]lie {
	long, fits, odd := strings.Repeat("n", 250), strings.Repeat("f", 240), time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", 23*3600+59*60))
	two := func(a, b string) func(connectors.Sink) error {
		return func(to connectors.Sink) error { return errors.Join(column(a, "cpu")(to), column(b, "cpu")(to)) }
	}
	return map[string]lie{
		"blank at the edge":  {give: column("n2", " cpu\u00a0"), check: hasColumn("cpu")},
		"line separator":     {give: column("n2", "cpu\u2028\u0085"), check: hasColumn("cpu")},
		"cut on a blank":     {give: column("n2", strings.Repeat("x", 1999)+" yz"), check: hasColumn(strings.Repeat("x", 1999))},
		"cut within a rune":  {give: column("n2", strings.Repeat("x", 1997)+"\u00a0\u00a0"), check: hasColumn(strings.Repeat("x", 1997))},
		"no name but blanks": {give: column("n2", "\u00a0 \t"), says: "metrics of liar: some have a name of nothing but blanks"},
		"equal when cleaned": {give: pair("n2", "cpu", " cpu"), check: hasColumn("cpu (liar)")},
		"time as a name":     {give: column("n2", " time"), check: hasColumn("time (liar)")},
		"long node":          {give: all(long), says: "the whole name of node nnn", check: oneNode},
		"long name, and fits": {give: all(fits), check: func(t *testing.T, b *telemetry.Bundle) {
			if oneNode(t, b); b.LogNodes[0] != incident.NodeID(fits) {
				t.Errorf("its ID is %q", b.LogNodes[0])
			}
		}},
		"long escaped node":    {give: all(strings.Repeat("/", 90)), says: "it is too long for a file: ///", check: oneNode},
		"endless node":         {give: all(strings.Repeat("数据", 1<<18)), says: "the whole name of node", check: oneNode},
		"long nodes alike":     {give: two(long+"a", long+"b"), check: nodes(3)},
		"node of broken text":  {give: all("n\xff2"), check: oneNode},
		"node of nothing else": {give: all("\xff\xfe"), check: oneNode},
		"long node, told of": {
			found: connectors.Found{Nodes: []connectors.Node{{Names: []string{long}}, {Names: []string{"x", long}}, {Names: []string{"\xff"}}, {Names: []string{"\xfe"}}}},
			give:  all(long),
			check: func(t *testing.T, b *telemetry.Bundle) {
				oneNode(t, b)
				if n := b.Topology.Nodes; !slices.ContainsFunc(n, func(n incident.Node) bool { return n.ID == b.LogNodes[0] && n.Labels["name"] == long }) {
					t.Errorf("no node has the whole name: %.300v", n)
				}
			},
		},
		"year before 0":     {give: alert(connectors.Alert{Name: "a", Starts: odd}), says: "when alerts began of liar", check: unknownTime},
		"year 1":            {give: alert(connectors.Alert{Name: "a", Starts: time.Unix(-62135596799, 0)}), says: "when alerts began of liar", check: unknownTime},
		"alert of nothing":  {give: alert(connectors.Alert{Name: "\n", Starts: begin}), says: "alerts of liar: some have neither name nor node"},
		"huge labels":       {give: alert(connectors.Alert{Name: "a", Starts: begin, Labels: map[string]string{"x": strings.Repeat("\x01", 4<<20)}}), says: "labels of alerts of liar"},
		"change of control": {give: func(to connectors.Sink) error { return to.Change(connectors.Change{Kind: "\x00\xff", Time: at(61)[0]}) }},
		"least clock":       {give: clock(math.MinInt64, 0), says: "the clock of liar", check: noClock},
		"clocks turned":     {give: clock(5, -5), says: "the clock of liar", check: noClock},
		"least of both":     {give: clock(math.MinInt64, math.MinInt64), says: "the clock of liar", check: noClock},
		"least reduction": {give: func(to connectors.Sink) error {
			return to.Reduced(incident.Reduction{Stage: "x", In: math.MinInt64, Out: math.MinInt64})
		}},
		"span that cannot be": {give: func(to connectors.Sink) error {
			return errors.Join(
				to.Span(&telemetry.Span{Node: "n2", Start: at(61)[0], Duration: -1}, ""),
				to.Span(&telemetry.Span{Node: "n2", Start: math.MinInt64, Duration: math.MaxInt64}, ""),
				to.Span(&telemetry.Span{Node: "n2", Start: at(61)[0], Duration: math.MaxInt64}, ""),
				to.Span(&telemetry.Span{Node: "n2", Start: at(61)[0], Kind: 200}, ""),
				to.Span(&telemetry.Span{Node: "n2", Start: at(61)[0], Name: strings.Repeat("x", 17<<20)}, ""),
			)
		}, says: "spans of liar"},
		"log record that cannot be": {give: func(to connectors.Sink) error {
			return to.Line(connectors.Line{Node: "n2", Time: at(61)[0], Level: 200, Body: make([]byte, 17<<20), Attributes: map[string]string{"x": strings.Repeat("x", 17<<20)}})
		}, says: "the rest of long log records of liar"},
		"more columns than a row": {give: func(to connectors.Sink) error {
			var all []error
			for i := range 9000 {
				all = append(all, column("n2", strings.Repeat("x", 1990)+string(rune('一'+i)))(to))
			}
			return errors.Join(all...)
		}, says: "metrics of liar: some nodes have more"},
		"parts of nobody": {found: connectors.Found{
			Nodes:  []connectors.Node{{}, {Names: []string{""}}},
			Roles:  []connectors.Role{{Node: "n2", Role: "king"}, {Role: incident.Leader}, {Node: "n2", Role: incident.Leader, From: math.MinInt64}},
			Groups: []connectors.Group{{Members: []string{"n2"}}},
			Calls:  []connectors.Call{{From: "n2"}},
		}, says: "some roles, groups or calls"},
	}
}

// TestLiar has a source that hands over what no bundle can hold, beside a healthy
// one: the bundle is made, opens, and holds what the healthy one gave.
func TestLiar(t *testing.T) {
	healthy := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		return to.Series(connectors.Series{Node: "n1", Name: "up", Times: at(61), Values: []float64{1}})
	}}
	for name, l := range lies() {
		t.Run(name, func(t *testing.T) {
			liar := &scripted{found: l.found, give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
				if l.give == nil {
					return nil
				}
				return l.give(to)
			}}
			b, got := gather(t, collect.Ask{Incident: ask}, named("liar", liar), named("healthy", healthy))
			if i := slices.IndexFunc(b.Tables, func(x telemetry.Table) bool { return x.Node == "n1" }); i < 0 || b.Tables[i].Columns[0].Name != "up" {
				t.Errorf("the healthy source's data are lost: %d tables", len(b.Tables))
			}
			if got.Sources[0].Failed != "" || got.Sources[1].Failed != "" {
				t.Errorf("sources %+v", got.Sources)
			}
			var said strings.Builder
			for _, m := range b.Missing {
				said.WriteString(m.What + ": " + m.Why + "\n")
			}
			if !strings.Contains(said.String(), l.says) {
				t.Errorf("%q is not in %.2000s", l.says, said.String())
			}
			if l.check != nil {
				l.check(t, b)
			}
			if err := errors.Join(
				b.Logs(t.Context(), nil, func(*telemetry.Record) error { return nil }),
				b.Spans(t.Context(), func(*telemetry.Span) error { return nil }),
			); err != nil {
				t.Error(err)
			}
		})
	}
}
