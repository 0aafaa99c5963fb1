package task

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"triagent/agents"
	"triagent/incident"
)

// hypothesised are hypotheses with the given log-odds, all with evidence.
func hypothesised(odds ...float64) []scored {
	var out []scored
	for i, o := range odds {
		out = append(out, scored{Hypothesis: incident.Hypothesis{
			Node: incident.NodeID(fmt.Sprint("n", i)), LogOdds: o, Cites: []incident.EvidenceID{"E1"},
		}})
	}
	slices.SortStableFunc(out, func(a, b scored) int { return cmp.Compare(b.LogOdds, a.LogOdds) })
	return out
}

func total(v view) float64 {
	sum := v.healthy
	for _, p := range v.p {
		sum += p
	}
	return sum
}

func TestJudge(t *testing.T) {
	none := judge(nil, 9, false)
	if none.healthy != 1 || none.anomalous {
		t.Errorf("without hypotheses: %+v, want healthy", none)
	}
	even := judge(hypothesised(alarmAt), 0, false)
	if !near(even.healthy, .5) || even.anomalous {
		t.Errorf("at the bound: %+v, want even odds and no alarm", even)
	}
	if v := judge(hypothesised(alarmAt+5, 0), 0, false); !v.anomalous || v.healthy > .01 || v.p[0] < .9 {
		t.Errorf("well above: %+v, want an alarm", v)
	}
	if v := judge(hypothesised(alarmAt-5), 0, true); !v.anomalous || v.healthy != 0 {
		t.Errorf("with alerts alone: %+v, want an alarm for certain", v)
	}
}

// Suspicion ranks nodes, symptoms and evidence say that something is wrong.
func TestJudgeAlarm(t *testing.T) {
	h := hypothesised(alarmAt + 2)
	h[0].suspicion = 3
	if judge(h, 0, false).anomalous {
		t.Error("suspicion alone raises an alarm")
	}
	if !judge(h, 2, false).anomalous {
		t.Error("symptoms raise no alarm")
	}
	if got := wrong(symptomUsual, apartUsual); got != 0 {
		t.Errorf("a busy hour, and a window that stands out as some always does, count %v, want 0", got)
	}
	if a, b := wrong(symptomUsual+1, 0), wrong(0, 3*apartUsual); a <= 0 || b <= 0 {
		t.Errorf("symptoms count %v, a window that stands apart %v, want both above 0", a, b)
	}
	guess := hypothesised(alarmAt + 5)
	guess[0].Cites = nil
	if v := judge(guess, 9, false); v.anomalous {
		t.Error("a guess without evidence raises an alarm")
	}
}

// What is said about a set of hypotheses are probabilities, in their order.
func TestJudgeIsProbability(t *testing.T) {
	odds := rapid.SliceOfN(rapid.Float64Range(-30, 30), 1, 40)
	rapid.Check(t, func(t *rapid.T) {
		v := judge(hypothesised(odds.Draw(t, "log-odds")...), rapid.Float64Range(0, 6).Draw(t, "symptoms"), rapid.Bool().Draw(t, "alerts only"))
		if sum := total(v); math.Abs(sum-1) > 1e-9 {
			t.Fatalf("probabilities and health sum to %v", sum)
		}
		for i, p := range v.p {
			if math.IsNaN(p) || p < 0 || p > 1 || i > 0 && p > v.p[i-1] {
				t.Fatalf("p[%d] = %v after %v", i, p, v.p[max(0, i-1)])
			}
		}
	})
}

// More for one hypothesis is never less for it, nor a reason to call all healthy.
func TestJudgeIsMonotone(t *testing.T) {
	odds := rapid.SliceOfN(rapid.Float64Range(-10, 10), 1, 20)
	rapid.Check(t, func(t *rapid.T) {
		list := odds.Draw(t, "log-odds")
		which := rapid.IntRange(0, len(list)-1).Draw(t, "which")
		before := hypothesised(list...)
		list = slices.Clone(list)
		list[which] += rapid.Float64Range(0, 5).Draw(t, "more")
		after := hypothesised(list...)
		at := func(l []scored) int {
			return slices.IndexFunc(l, func(h scored) bool { return h.Node == incident.NodeID(fmt.Sprint("n", which)) })
		}
		v, w := judge(before, 0, false), judge(after, 0, false)
		if w.p[at(after)] < v.p[at(before)]-1e-12 || w.healthy > v.healthy {
			t.Fatalf("more evidence: p from %v to %v, healthy from %v to %v", v.p[at(before)], w.p[at(after)], v.healthy, w.healthy)
		}
	})
}

// arbitrary draws evidence about the rig, distinct in score.
func arbitrary(t *rapid.T) []incident.Evidence {
	signals := rapid.SampledFrom([]incident.Signal{"rig.own", "rig.other", "rig.sure", "rig.load", "rig.out", "rig.out2", "call.latency", "cpu.use"})
	dirs := rapid.SampledFrom([]incident.Direction{incident.Up, incident.Down, incident.New, incident.Gone})
	shapes := rapid.SampledFrom([]incident.Shape{incident.Step, incident.Ramp, incident.Spike})
	kinds := rapid.SampledFrom([]incident.Kind{incident.Metric, incident.Log, incident.Trace})
	var out []incident.Evidence
	for i := range rapid.IntRange(0, 25).Draw(t, "n") {
		e := up(fmt.Sprint("E", i+1), rapid.SampledFrom(rigNodes).Draw(t, "node"), signals.Draw(t, "signal"),
			3+float64(rapid.IntRange(0, 60).Draw(t, "score"))+float64(i)/1000)
		e.Direction, e.Shape, e.Kind = dirs.Draw(t, "direction"), shapes.Draw(t, "shape"), kinds.Draw(t, "kind")
		if e.Kind != incident.Metric && rapid.Bool().Draw(t, "with peer") {
			if p := rapid.SampledFrom(rigNodes).Draw(t, "peer"); p != e.Node {
				e.Peer = p
			}
		}
		out = append(out, e)
	}
	return out
}

// The order in which evidence comes is nobody's doing and decides nothing.
func TestJudgeIgnoresOrder(t *testing.T) {
	in := rig(t, "rig.own", "rig.other", "rig.out")
	rapid.Check(t, func(t *rapid.T) {
		made := arbitrary(t)
		mixed := rapid.Permutation(made).Draw(t, "mixed")
		decided := func(e []incident.Evidence) (view, []string) {
			in := with(in, e...)
			b := newBoard(in)
			v := judge(score(in, b), b.symptoms(), false)
			var lines []string
			for i, h := range v.hypotheses {
				lines = append(lines, fmt.Sprint(h.Node, h.Fault, h.LogOdds, v.p[i], h.Cites, h.Against, h.Onset))
			}
			return v, lines
		}
		v, one := decided(made)
		w, other := decided(mixed)
		if !slices.Equal(one, other) || v.healthy != w.healthy {
			t.Fatalf("in another order:\n%v\nwas\n%v", other[0], one[0])
		}
	})
}

// rankOf is the place of a hypothesis among those that have evidence.
func rankOf(t *rapid.T, in agents.Input, node incident.NodeID, f incident.Fault) int {
	rank := 0
	for _, h := range score(in, newBoard(in)) {
		switch {
		case h.Node == node && h.Fault == f:
			return rank
		case len(h.Cites) > 0:
			rank++
		}
	}
	t.Fatalf("no hypothesis of %s at %s", f, node)
	return 0
}

// Evidence for a fault at a node, of a signal that was measured already and
// that no other fault asks for, never lowers its rank.
func TestEvidenceNeverLowersRank(t *testing.T) {
	in := rig(t, "rig.own", "rig.other", "rig.out")
	rapid.Check(t, func(t *rapid.T) {
		in := with(in, arbitrary(t)...)
		node := rapid.SampledFrom(rigNodes).Draw(t, "suspect")
		before := rankOf(t, in, node, rigWorn)
		more := up("E-more", node, "rig.own", 3+rapid.Float64Range(0, 60).Draw(t, "more"))
		if after := rankOf(t, with(in, more), node, rigWorn); after > before {
			t.Fatalf("rank of %s fell from %d to %d with more evidence", node, before+1, after+1)
		}
	})
}
