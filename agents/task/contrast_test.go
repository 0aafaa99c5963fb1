package task

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// contrastOf is contrast by its definition, node against node.
func contrastOf(b *board, m move, p place) float64 {
	s := b.sights[m][p]
	top, alike, able := s.strength, 0.0, 0
	for _, n := range b.nodes {
		q := place{about: n, peer: p.peer}
		if b.observed[observedAt{m.signal, q}] {
			able++
		}
		if o := b.sights[m][q]; o != nil {
			top = math.Max(top, o.strength)
			alike += math.Min(1, o.strength/s.strength)
		}
	}
	c := s.strength / top * s.strength / top
	if info, _ := b.base.Signal(m.signal); able > 1 && !info.Specific {
		c *= 0.25 + 0.75*math.Log(float64(able)/math.Max(1, alike))/math.Log(float64(able))
	}
	return c
}

// bestElsewhere is elsewhere by its definition.
func bestElsewhere(b *board, m move, but incident.NodeID) *sighting {
	var best *sighting
	for _, n := range b.nodes {
		if n != but {
			best = better(best, b.sights[m][place{about: n}])
		}
	}
	return best
}

// What is worked out once for all nodes is what comparing each with each gives.
func TestCrowd(t *testing.T) {
	plain := rig(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t, plain)
		b := newBoard(in)
		for m, places := range b.sights {
			for p, s := range places {
				if want := contrastOf(b, m, p); s.strength > 0 && math.Abs(s.contrast-want) > 1e-12 {
					t.Fatalf("contrast of %v at %v = %v, want %v", m, p, s.contrast, want)
				}
			}
			for _, n := range append(in.Nodes, "stranger") {
				if got, want := b.elsewhere(m, n), bestElsewhere(b, m, n); got != want {
					t.Fatalf("%v elsewhere than %s = %v, want %v", m, n, got, want)
				}
			}
		}
		item := knowledge.Item{Signal: "rig.own", At: knowledge.All}
		for _, n := range in.Nodes {
			want := false
			for _, o := range in.Nodes {
				want = want || o != n && b.observed[observedAt{"rig.own", place{about: o}}]
			}
			if got := b.sees(n, &item); got != want {
				t.Fatalf("measured elsewhere than %s = %v, want %v", n, got, want)
			}
		}
	})
}

// drawn is an input with evidence at, and of, nodes drawn at random, one of them
// not in the list of nodes, with scores that are often equal.
func drawn(t *rapid.T, in agents.Input) agents.Input {
	node := rapid.SampledFrom(append([]incident.NodeID{"elsewhere"}, rigNodes...))
	for i := range rapid.IntRange(0, 30).Draw(t, "n") {
		e := up(fmt.Sprint("E", i), node.Draw(t, "node"), rapid.SampledFrom([]incident.Signal{"rig.own", "rig.out", "rig.sure"}).Draw(t, "signal"),
			rapid.SampledFrom([]float64{0, usual, full, 2 * full, math.Inf(1)}).Draw(t, "score"))
		if math.IsInf(e.Score, 1) {
			e.Score = rapid.Float64Range(0, full).Draw(t, "odd score")
		}
		if rapid.Bool().Draw(t, "of a peer") {
			e.Peer = node.Draw(t, "peer")
		}
		in = with(in, e)
	}
	for range rapid.IntRange(0, 4).Draw(t, "seen") {
		in.Seen = append(in.Seen[:len(in.Seen):len(in.Seen)], agents.Observable{Node: node.Draw(t, "at"), Signal: "rig.own"})
	}
	return in
}
