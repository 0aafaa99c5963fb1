package jaeger

import (
	"cmp"
	"slices"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// maxServices bounds the services that are asked for.
const maxServices = 200

// maxQuestions is about how many searches one incident may take.
const maxQuestions = 240

// plan says how many questions of what size are asked for one service.
type plan struct {
	even, must int // slices of time: of the sample, of the failed and the slow
	limit      int // traces of a slice of the sample, at most
	limitMust  int // of a slice of the failed or slow
	climbs     int // how often the slow are asked for, each time slower ones
}

// newPlan divides a bound of traces among services: about half of it for the
// even sample, a quarter each for the failed and the slow. Few services have
// failed or slow spans, so that each may have a large part of those quarters.
func newPlan(services, most int) plan {
	n := max(services, 1)
	each := max(most/2/n, 2)
	p := plan{even: min(max(maxQuestions/2/n, 2), 12, each), must: 6, climbs: 3}
	switch {
	case n > 20:
		p.must, p.climbs = 1, 1
	case n > 5:
		p.must, p.climbs = 2, 2
	}
	p.limit = max(each/p.even, 1)
	p.limitMust = max(most/4/min(n, 2)/p.must, 1)
	return p
}

// slicesOf divides a span of time into n parts. Shift, from 0 to 1, moves their
// ends back by that part of one: services that take part in the same traces are
// then asked for different ones, as servers give the latest of a slice.
func slicesOf(w incident.Window, n int, shift float64) []incident.Window {
	out := make([]incident.Window, 0, n)
	d := w.Duration() / time.Duration(n)
	back := time.Duration(float64(d) * shift)
	from := w.From
	for i := range n {
		to := w.From.Add(d*time.Duration(i+1) - back)
		if i == n-1 {
			to = w.To
		}
		out = append(out, incident.Window{From: from, To: to})
		from = to
	}
	return out
}

// ranked puts services of the nodes that matter most first; others follow by
// name.
func ranked(services []string, nodes []connectors.Node) []string {
	rank := make(map[string]int)
	for i, n := range nodes {
		for _, name := range append([]string{n.Service}, n.Names...) {
			if _, ok := rank[name]; !ok && name != "" {
				rank[name] = i - len(nodes)
			}
		}
	}
	out := slices.Clone(services)
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b)) })
	return slices.Compact(out)
}

// high is a duration that few reach, one in fifty or the highest three of fewer;
// 0: there are too few to say.
func high(durations []time.Duration) time.Duration {
	if len(durations) < 4 {
		return 0
	}
	slices.Sort(durations)
	return durations[len(durations)-1-max(2, len(durations)/50)]
}

// upper is the duration that a quarter reaches: the next step of a climb.
func upper(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	slices.Sort(durations)
	return durations[len(durations)*3/4]
}
