package kept

import (
	"context"
	"strings"
	"testing"

	"triagent/compress"
	"triagent/eval"
	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/internal/errs"
)

func TestLabels(t *testing.T) {
	first := checkLabels(t, false, 60)
	for id := range checkLabels(t, true, 12) {
		if first[id] {
			t.Errorf("%s is labelled twice", id)
		}
	}
}

// checkLabels looks at the labels of so many cases and returns their ids.
func checkLabels(t *testing.T, later bool, want int) map[string]bool {
	t.Helper()
	sets, err := Labels(later)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	ways := map[string][]string{
		"metric": {"up", "down"}, "event": {""}, "log": {"", "new", "fewer", "gone"},
		"span": {"slow", "more", "fewer", "errors", "gone", "new"},
	}
	cases := 0
	for _, s := range sets {
		for _, c := range s.Cases {
			cases++
			ids[c.ID] = true
			if (c.None == "") == (len(c.Lines) == 0) {
				t.Errorf("%s: lines, or the reason why there are none", c.ID)
			}
			for _, l := range c.Lines {
				for _, x := range append([]Line{l}, l.Same...) {
					if x.Node == "" || x.Quote == "" || !strings.Contains(" "+strings.Join(ways[x.Kind], " ")+" ", " "+x.Way+" ") {
						t.Errorf("%s: %+v", c.ID, x)
					}
				}
				if l.Why == "" {
					t.Errorf("%s: no reason for %q", c.ID, l.Quote)
				}
			}
		}
	}
	if len(sets) != 4 || cases != want || len(ids) != want {
		t.Errorf("%d sets and %d cases, want 4 and %d", len(sets), cases, want)
	}
	return ids
}

func TestHas(t *testing.T) {
	log := func(id, node, template string, way incident.Direction) brief.Row {
		return brief.Row{
			Node: incident.NodeID(node), Text: id + " new 3/0: " + strings.ReplaceAll(template, compress.Wild, "*") + " z4",
			Evidence: []*incident.Evidence{{ID: incident.EvidenceID(id), Kind: incident.Log, Node: incident.NodeID(node), Name: template, Direction: way}},
		}
	}
	cut := log("E4", "c", "disk <*> is full of old files", incident.New)
	cut.Text = "E4 new 3/0: disk * is… z4"
	as := log("E5", "d", "disk <*> is full", incident.New)
	as.Text = "E5 new 3/0: as E1 z4"
	r := newReader([]brief.Row{
		log("E1", "a", "disk <*> is full", incident.New),
		log("E2", "b", "disk <*> is full", incident.Gone),
		cut, as,
		{Node: "a", Text: "E6 cpu 1→9", Evidence: []*incident.Evidence{{ID: "E6", Kind: incident.Metric, Node: "a", Name: "cpu", Direction: incident.Up}}},
		{Node: "x", Text: "E7 put on y slower 1 ms→9 ms (3)", Evidence: []*incident.Evidence{{ID: "E7", Kind: incident.Trace, Node: "x", Peer: "y", Text: incident.Say("trace.call_latency")}}},
	}, map[string][]string{
		key("a", "is full"): {"disk 7 is full"}, key("b", "is full"): {"disk 7 is full"}, key("d", "is full"): {"disk 7 is full"},
		key("c", "old files"): {"disk 7 is full of old files"},
	})
	for _, tt := range []struct {
		line Line
		want bool
	}{
		{Line{Kind: "log", Node: "a", Quote: "is full", Way: "new"}, true},
		{Line{Kind: "log", Node: "a", Quote: "is full", Way: "gone"}, false},
		{Line{Kind: "log", Node: "b", Quote: "is full", Way: "gone"}, true},
		{Line{Kind: "log", Node: "b", Quote: "is full"}, false},
		{Line{Kind: "log", Node: "c", Quote: "old files", Way: "new"}, false}, // cut off
		{Line{Kind: "log", Node: "d", Quote: "is full", Way: "new"}, true},    // by reference
		{Line{Kind: "metric", Node: "a", Quote: "cpu", Way: "up"}, true},
		{Line{Kind: "metric", Node: "a", Quote: "cpu", Way: "down"}, false},
		{Line{Kind: "metric", Node: "b", Quote: "cpu", Way: "up"}, false},
		{Line{Kind: "span", Node: "x", Peer: "y", Quote: "put", Way: "slow"}, true},
		{Line{Kind: "span", Node: "x", Peer: "z", Quote: "put", Way: "slow"}, false},
		{Line{Kind: "span", Node: "x", Quote: "get", Way: "slow"}, false},
		{Line{Kind: "span", Node: "x", Quote: "put", Way: "errors"}, false},
	} {
		if got := r.has(&tt.line); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.line, got, tt.want)
		}
	}
	l := Line{Kind: "metric", Node: "b", Quote: "cpu", Way: "up", Same: []Line{{Kind: "metric", Node: "a", Quote: "cpu", Way: "up"}}}
	if r.has(&l) || !r.hasSame(&l) {
		t.Error("a line that says the same is not taken for it, or for the line itself")
	}
}

func TestNoLabelledSet(t *testing.T) {
	open := func(context.Context, eval.Options) (eval.Diagnoser, error) { return nil, nil }
	if _, err := Run(t.Context(), Config{Open: open}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("no set: %v, want not found", err)
	}
}

func TestReport(t *testing.T) {
	r := Report{Results: []Result{
		{Set: "s", Case: "1", Tokens: 10, Lines: 2, Kept: 1, Itself: 1, Lost: []Line{{Kind: "log", Node: "n", Quote: "q"}}},
		{Set: "t", Case: "2", Tokens: 30, Lines: 2, Kept: 2, Itself: 1},
	}}
	text := r.String()
	for _, want := range []string{"1 = 50.0 %", "3 = 75.0 %", "lost: s 1 n: log q", "all                        2            20     30"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
