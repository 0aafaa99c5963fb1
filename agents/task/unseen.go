package task

import (
	"math"
	"slices"
	"strings"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/telemetry"
)

// What cannot be seen keeps a share of the probability: whoever is not measured
// may be the cause as well, and what is not measured may be wrong.
const (
	unseenShare   = .25
	unheardShare  = 1. / 6           // of health, where one of metrics, logs and traces is not there: faults are taken for it at .88 then
	fewSamples    = 5                // of the baseline: from fewer nobody knows what is normal
	leastSkew     = 30 * time.Second // difference of clocks that matters
	leastWitness  = 3                // tables that agree with one another against the odd one
	skewTolerance = 2                // steps by which beginnings and ends differ without meaning
)

// sight is what the metrics of a bundle cannot tell.
type sight struct {
	blind  []incident.NodeID // without metrics, while others of their service have some
	skewed []incident.NodeID // recorded as long as all others, but all of it earlier or later
	scarce bool              // no metrics at all, or of several nodes nothing else: what passes between them is not seen
	few    bool              // next to no samples of the baseline
	part   bool              // of several nodes metrics, logs or traces are not there at all, or a source did not answer
	young  bool              // next to no time before: see young
	normal time.Duration     // of the baseline that was recorded
}

// see says what the metrics of a bundle cannot tell. A node whose records begin
// and end by the same amount before or after those of all others was not measured
// at another time: its clock is wrong, and what it did cannot be laid beside what
// others did.
func see(in agents.Input) sight {
	b := in.Bundle
	others := b.HasSpans || len(b.LogNodes) > 0
	s := sight{young: young(in), normal: in.Normal, scarce: others && len(b.Tables) == 0 || !others && len(b.Topology.Nodes) > 1}
	kinds := 0
	for _, there := range []bool{len(b.Tables) > 0, len(b.LogNodes) > 0, b.HasSpans} {
		if there {
			kinds++
		}
	}
	s.part = kinds == 2 && len(b.Topology.Nodes) > 1 ||
		slices.ContainsFunc(b.Collected.Sources, func(u telemetry.SourceUse) bool { return u.Failed != "" })
	measured, services := map[incident.NodeID]bool{}, map[string]bool{}
	for i := range b.Tables {
		n, _ := b.Topology.Node(b.Tables[i].Node)
		measured[b.Tables[i].Node], services[n.Service] = true, true
	}
	for _, n := range b.Topology.Nodes {
		if n.Service != "" && services[n.Service] && !measured[n.ID] {
			s.blind = append(s.blind, n.ID)
		}
	}
	s.skewed = skewed(b.Tables)
	most := 0
	for i := range b.Tables {
		most = max(most, within(b.Tables[i].Times, in.Frame.Baseline))
	}
	s.few = len(b.Tables) > 0 && len(in.Frame.Baseline) > 0 && most < fewSamples
	return s
}

// within counts the samples that lie in any of the windows.
func within(times []int64, windows []incident.Window) int {
	n := 0
	for _, w := range windows {
		lo, _ := slices.BinarySearch(times, w.From.UnixNano())
		hi, _ := slices.BinarySearch(times, w.To.UnixNano())
		n += hi - lo
	}
	return n
}

// skewed are the nodes whose clock is off, where all others agree.
func skewed(tables []telemetry.Table) []incident.NodeID {
	var first, last []int64
	for _, t := range tables {
		if n := len(t.Times); n > 1 {
			first, last = append(first, t.Times[0]), append(last, t.Times[n-1])
		}
	}
	if len(first) <= leastWitness {
		return nil
	}
	slices.Sort(first)
	slices.Sort(last)
	from, to := first[len(first)/2], last[len(last)/2]
	var out []incident.NodeID
	for _, t := range tables {
		n := len(t.Times)
		if n < 2 {
			continue
		}
		slack := skewTolerance * (t.Times[n-1] - t.Times[0]) / int64(n-1)
		a, z := t.Times[0]-from, t.Times[n-1]-to
		switch {
		case abs(a) <= slack && abs(z) <= slack:
		case abs(a-z) <= slack && min(abs(a), abs(z)) > max(slack, int64(leastSkew)):
			out = append(out, t.Node)
		default:
			return nil // the tables were not recorded together anyway
		}
	}
	if len(out) > 1 {
		return nil
	}
	return out
}

func abs(v int64) int64 { return max(v, -v) }

// doubt leaves a share of the probability to what cannot be seen.
func (v *view) doubt(s sight) {
	unseen := len(s.blind)+len(s.skewed) > 0 || s.few
	switch {
	case unseen || s.scarce:
		v.healthy *= 1 - unseenShare
	case s.part:
		v.healthy *= 1 - unheardShare
	}
	trust := 1.0
	if unseen {
		trust = 1 - unseenShare
	}
	if s.young && len(v.p) > 0 {
		trust = math.Min(trust, trustIn(s.normal, v.p[0]))
	}
	for i := range v.p {
		v.p[i] *= trust
	}
}

// lacking says what of it a reader would not find elsewhere.
func (s sight) lacking() []incident.Lacked {
	var out []incident.Lacked
	if s.young {
		out = append(out, incident.Lacked{Missing: lackOfBaseline(s.normal), First: true})
	}
	if len(s.skewed) > 0 {
		var names []string
		for _, n := range s.skewed {
			names = append(names, string(n))
		}
		out = append(out, incident.Lacked{Missing: incident.Missing{
			What: "time of " + strings.Join(names, ", "),
			Why:  "its metrics begin and end long before or after those of all others: its clock is off, and what it did cannot be compared",
		}})
	}
	return out
}
