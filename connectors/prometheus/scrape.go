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
				by[identity(t.labels)] = t
			}
		}
	}
	if len(by) == 0 {
		return nil
	}
	// As a rule nothing is scraped more often than once in 5 s.
	parts := 1 + int(g.span.Duration()/(5*time.Second))*len(by)/page
	for _, span := range split(g.span, parts, 0, 0) {
		list, said, err := g.s.raw(ctx, g.s.match.with(matcher{"__name__", "=", "up"}).String(), span)
		if err != nil {
			return err
		}
		if err := g.tell(said, "when targets were scraped"); err != nil {
			return err
		}
		for _, x := range list {
			if t := by[identity(x.Metric)]; t != nil {
				from := after(t.axis, x.Values.times)
				t.axis, t.up = append(t.axis, x.Values.times[from:]...), append(t.up, x.Values.values[from:]...)
			}
		}
	}
	g.holes(by)
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
	sel := s.match.with(matcher{"__name__", "=", "scrape_samples_post_metric_relabeling"})
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

// usual is how many series a target is taken to have where nobody counted.
const usual = 1000

// of is how many series a target has, about.
func (c counts) of(t *target) int {
	if n, ok := c[identity(t.labels)]; ok {
		return n
	}
	return usual
}
