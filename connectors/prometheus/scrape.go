package prometheus

import (
	"context"
	"net/url"
	"slices"
	"time"

	"triagent/incident"
)

// scrapes finds out when each target was scraped and whether it answered.
func (g *gathering) scrapes(ctx context.Context, all []*node) error {
	by := make(map[string]*target)
	for _, n := range all {
		for _, t := range n.targets {
			if t.labels["__name__"] == "up" {
				for _, labels := range t.sets() {
					by[identity(labels)] = t
				}
			}
		}
	}
	if len(by) == 0 {
		return nil
	}
	// As a rule nothing is scraped more often than once in 5 s.
	parts := 1 + int(g.span.Duration()/(5*time.Second))*len(by)/page
	for _, span := range split(g.span, parts, 0, 0) {
		list, said, err := g.s.raw(ctx, g.s.match.with(matcher{Name: "__name__", Op: "=", Value: "up"}).String(), span)
		if err != nil {
			return err
		}
		if err := g.tell(said, "when targets were scraped"); err != nil {
			return err
		}
		for _, x := range list {
			if t := by[identity(x.Metric)]; t != nil {
				t.scraped(x.Values)
			}
		}
	}
	if err := g.outages(by); err != nil {
		return err
	}
	g.holes(by)
	return nil
}

// scraped adds samples of up; where there are two at a time, the first counts.
func (t *target) scraped(s samples) {
	times, up := t.axis, t.up
	t.axis, t.up = make([]int64, 0, len(times)+len(s.times)), make([]float64, 0, len(times)+len(s.times))
	for i, j := 0, 0; i < len(times) || j < len(s.times); {
		switch {
		case j == len(s.times) || i < len(times) && times[i] <= s.times[j]:
			if j < len(s.times) && times[i] == s.times[j] {
				j++
			}
			t.axis, t.up = append(t.axis, times[i]), append(t.up, up[i])
			i++
		default:
			t.axis, t.up = append(t.axis, s.times[j]), append(t.up, s.values[j])
			j++
		}
	}
}

// outages says when nothing at all was scraped for a while: then the server was
// down, or has deleted what it had.
func (g *gathering) outages(by map[string]*target) error {
	var all []int64
	longest := time.Minute
	for _, t := range by {
		all = append(all, t.axis...)
		longest = max(longest, 3*typical(t.axis))
	}
	slices.Sort(all)
	last, said := g.span.From.UnixNano(), 0
	for _, at := range append(all, g.span.To.UnixNano()) {
		if gap := time.Duration(at - last); gap > longest && said < 5 {
			said++
			from, to := time.Unix(0, last).UTC(), time.Unix(0, at).UTC()
			if err := g.to.Missing(incident.Missing{
				What: "metrics from " + from.Format(time.RFC3339) + " to " + to.Format(time.RFC3339),
				Why:  "the server has scraped nothing then: it was down, or it has deleted that time (check its retention)",
			}); err != nil {
				return sinkError{err}
			}
		}
		last = at
	}
	return nil
}

// after is the index of the first time in more that is after those before: the
// ends of pages may overlap.
func after(before, more []int64) int {
	if len(before) == 0 {
		return 0
	}
	at, found := slices.BinarySearch(more, before[len(before)-1])
	if found {
		at++
	}
	return at
}

// holes makes the axes whole where the server was alive: where any target was
// scraped within a minute, or within its interval if that is longer.
func (g *gathering) holes(by map[string]*target) {
	near := time.Minute
	for _, t := range by {
		t.interval = typical(t.axis)
		near = max(near, t.interval*3/2)
	}
	alive := make(map[int64]bool)
	for _, t := range by {
		for _, at := range t.axis {
			alive[at/near.Nanoseconds()] = true
		}
	}
	is := func(at int64) bool { return alive[at/near.Nanoseconds()] }
	for _, t := range by {
		seen := t.axis
		t.axis = fill(seen, t.interval, is, g.span.From.UnixNano(), g.span.To.UnixNano())
		t.up = place(seen, t.up, t.axis, 0)
	}
}

// counts are how many series targets have; see of.
type counts map[string]int

// counts asks for them. It is one sample a target: the server counts as it
// scrapes. One that does not is no error.
func (s *Source) counts(ctx context.Context, span incident.Window) (counts, error) {
	sel := s.match.with(matcher{Name: "__name__", Op: "=", Value: "scrape_samples_post_metric_relabeling"})
	var answer struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Metric map[string]string `json:"metric"`
			Value  sample            `json:"value"`
		} `json:"result"`
	}
	_, err := s.listed(ctx, "/api/v1/query", url.Values{
		"query": {"max_over_time(" + sel.String() + "[" + duration(span.Duration().Round(time.Second)) + "])"}, "time": {unix(span.To)},
	}, &answer)
	if err != nil && !without(err) {
		return nil, err
	}
	out := make(counts, len(answer.Result))
	for _, r := range answer.Result {
		if v := float64(r.Value); v >= 0 && v < 1e9 {
			out[identity(r.Metric)] = int(v)
		}
	}
	return out, nil
}

// own are the series that a server adds to those of each target: up and what it
// tells of the scrape.
const own = 5

// count counts the series of the targets of nodes that nobody has counted.
func (c counts) count(ctx context.Context, s *Source, span incident.Window, nodes []*node) error {
	for _, n := range nodes {
		for _, t := range n.targets {
			if _, ok := c[identity(t.labels)]; ok {
				continue
			}
			sets, _, err := s.labelSets(ctx, span, t.sel.with(noParts...).String())
			if err != nil {
				return err
			}
			c[identity(t.labels)] = len(sets)
		}
	}
	return nil
}

// of is how many series a target has, at most, as far as it was counted.
func (c counts) of(t *target) int { return c[identity(t.labels)] + own }
