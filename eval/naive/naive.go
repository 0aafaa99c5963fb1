// Package naive holds the rankers that every engine is printed beside: random
// choice, the largest z-score and the most alerts. They see the same bundle as
// the engine and know nothing about systems.
package naive

import (
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"triagent/eval/score"
	"triagent/incident"
	"triagent/telemetry"
)

// alertZ is how far a metric must stray to count as an alert where a bundle
// holds none, in standard deviations.
const alertZ = 3

// Ranker scores the nodes of a bundle, higher first. The incident is that of the
// bundle, or a shifted one; ok is false where the bundle holds nothing that the
// ranker could use.
type Ranker struct {
	Name string
	Rank func(b *telemetry.Bundle, in incident.Incident, seed uint64) (list []score.Scored, ok bool)
}

// Rankers lists them all.
func Rankers() []Ranker {
	return []Ranker{
		{"random choice", random},
		{"largest z-score", largestZ},
		{"most alerts", mostAlerts},
	}
}

// Nodes are the candidates: every node that the topology or any data names,
// ascending.
func Nodes(b *telemetry.Bundle) []string {
	seen := map[string]bool{}
	for _, n := range b.Topology.Nodes {
		seen[string(n.ID)] = true
	}
	for _, t := range b.Tables {
		seen[string(t.Node)] = true
	}
	for _, n := range b.LogNodes {
		seen[string(n)] = true
	}
	for _, a := range b.Alerts {
		if a.Node != "" {
			seen[string(a.Node)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Services are the services of the candidates, ascending.
func Services(b *telemetry.Bundle) []string {
	seen := map[string]bool{}
	for _, n := range b.Topology.Nodes {
		if n.Service != "" {
			seen[n.Service] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// random shuffles the nodes; the order depends on seed and incident alone.
func random(b *telemetry.Bundle, in incident.Incident, seed uint64) ([]score.Scored, bool) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(in.ID)) // a hash never fails
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	var out []score.Scored
	for _, n := range Nodes(b) {
		out = append(out, score.Scored{Name: n, Score: rng.Float64()})
	}
	return out, len(out) > 0
}

// largestZ scores a node by the largest distance of any sample of the window
// from the metric's baseline mean, in standard deviations of the baseline.
func largestZ(b *telemetry.Bundle, in incident.Incident, _ uint64) ([]score.Scored, bool) {
	zs := zScores(b, in)
	var out []score.Scored
	for _, n := range Nodes(b) {
		best := 0.0
		for _, z := range zs[n] {
			best = max(best, z)
		}
		out = append(out, score.Scored{Name: n, Score: best})
	}
	return out, len(zs) > 0
}

// mostAlerts counts the alerts of the bundle by node; where it holds none, the
// metrics that stray more than three standard deviations.
func mostAlerts(b *telemetry.Bundle, in incident.Incident, _ uint64) ([]score.Scored, bool) {
	count := map[string]float64{}
	any := false
	for _, a := range b.Alerts {
		count[string(a.Node)]++
		any = any || a.Node != ""
	}
	if !any {
		for n, zs := range zScores(b, in) {
			any = true
			for _, z := range zs {
				if z > alertZ {
					count[n]++
				}
			}
		}
	}
	var out []score.Scored
	for _, n := range Nodes(b) {
		out = append(out, score.Scored{Name: n, Score: count[n]})
	}
	return out, any
}

// zScores gives for each node the largest z of each metric. A metric without
// two baseline samples, or that never moved there, has none. The window itself
// is not part of the baseline, though it may lie inside.
func zScores(b *telemetry.Bundle, in incident.Incident) map[string][]float64 {
	out := map[string][]float64{}
	if in.Window.IsZero() || in.Baseline.IsZero() {
		return out
	}
	for _, t := range b.Tables {
		var base, window []int
		for i, ns := range t.Times {
			switch {
			case ns >= in.Window.From.UnixNano() && ns < in.Window.To.UnixNano():
				window = append(window, i)
			case ns >= in.Baseline.From.UnixNano() && ns < in.Baseline.To.UnixNano():
				base = append(base, i)
			}
		}
		for _, c := range t.Columns {
			if z, ok := largest(c.Values, base, window); ok {
				out[string(t.Node)] = append(out[string(t.Node)], z)
			}
		}
	}
	return out
}

func largest(v []float64, base, window []int) (float64, bool) {
	sum, sq, n := 0.0, 0.0, 0.0
	for _, i := range base {
		if !math.IsNaN(v[i]) {
			sum, n = sum+v[i], n+1
		}
	}
	if n < 2 {
		return 0, false
	}
	mean := sum / n
	for _, i := range base {
		if !math.IsNaN(v[i]) {
			sq += (v[i] - mean) * (v[i] - mean)
		}
	}
	sd := math.Sqrt(sq / (n - 1))
	if sd == 0 {
		return 0, false
	}
	best, ok := 0.0, false
	for _, i := range window {
		if !math.IsNaN(v[i]) {
			best, ok = max(best, math.Abs(v[i]-mean)/sd), true
		}
	}
	return best, ok
}
