package score

import "math"

// Scored is a candidate with the score that ranks it, higher first.
type Scored struct {
	Name  string
	Score float64
}

// Ranks gives each candidate its rank from 1, equal scores sharing the average
// of their ranks. A name that occurs twice keeps its better score. NaN counts as
// the lowest score.
func Ranks(list []Scored) map[string]float64 {
	best := map[string]float64{}
	for _, s := range list {
		v := s.Score
		if math.IsNaN(v) {
			v = math.Inf(-1)
		}
		if old, ok := best[s.Name]; !ok || v > old {
			best[s.Name] = v
		}
	}
	out := make(map[string]float64, len(best))
	for n, v := range best {
		above, equal := 0, 0
		for _, o := range best {
			if o > v {
				above++
			} else if o == v {
				equal++
			}
		}
		out[n] = float64(above) + float64(equal+1)/2
	}
	return out
}

// nodes lists the answer's nodes; a node with several causes has the
// probability of its likeliest. A cause without probability falls back on its
// place, so that an engine that only ranks is not all ties.
func (r *Row) ranked(name func(Cause) string) []Scored {
	var out []Scored
	flat := true
	for _, c := range r.Causes {
		flat = flat && c.Probability == 0
	}
	for i, c := range r.Causes {
		n := name(c)
		if n == "" {
			continue
		}
		s := c.Probability
		if flat {
			s = -float64(i)
		}
		out = append(out, Scored{n, s})
	}
	return out
}

func nodeOf(c Cause) string    { return string(c.Node) }
func serviceOf(c Cause) string { return c.Service }

// truths are the distinct names among the true causes, "" left out.
func (r *Row) truths(name func(Cause) string) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, t := range r.Truth {
		if n := name(t); !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// Place is how well one ranking found the true names.
type Place struct {
	AC  [5]float64 // AC[k-1] is AC@k
	MRR float64
}

// PlaceOf scores a ranking. AC@k is the share of the true names with a rank of
// k or better, out of those that fit into k places: with one true name, 0 or 1.
// MRR is one over the rank of the best placed true name. What is not ranked
// counts nothing.
func PlaceOf(ranks map[string]float64, truths []string) Place {
	var p Place
	for k := 1; k <= len(p.AC); k++ {
		hit := 0
		for _, t := range truths {
			if r, ok := ranks[t]; ok && r <= float64(k) {
				hit++
			}
		}
		p.AC[k-1] = min(1, float64(hit)/float64(min(k, max(1, len(truths)))))
	}
	for _, t := range truths {
		if r, ok := ranks[t]; ok {
			p.MRR = max(p.MRR, 1/r)
		}
	}
	return p
}

// Avg5 is the mean of AC@1 to AC@5.
func (p Place) Avg5() float64 {
	s := 0.0
	for _, v := range p.AC {
		s += v
	}
	return s / float64(len(p.AC))
}

// placed gives the place of a row by node or service; ok is false where the
// truth names none, where there is only one, and for healthy cases.
func (r *Row) placed(name func(Cause) string, candidates int) (Place, bool) {
	t := r.truths(name)
	if r.Healthy || len(t) == 0 || candidates == 1 {
		return Place{}, false
	}
	return PlaceOf(Ranks(r.ranked(name)), t), true
}

// NodePlace is the place of the true nodes in the answer.
func (r *Row) NodePlace() (Place, bool) { return r.placed(nodeOf, r.Nodes) }

// ServicePlace is the place of the true services in the answer.
func (r *Row) ServicePlace() (Place, bool) { return r.placed(serviceOf, r.Services) }

// TopFaults is the share of the true faults among the faults of the first k
// causes: how sets with several causes at once are scored. A true fault counts
// once, by any of its accepted names. ok is false for healthy cases.
func (r *Row) TopFaults(k int) (share float64, ok bool) {
	if r.Healthy || len(r.Truth) == 0 {
		return 0, false
	}
	// Distinct faults: an answer that blames several nodes for one fault has
	// named one fault.
	var named []Cause
	seen := map[string]bool{}
	for _, c := range r.Causes {
		if f := string(c.Fault); !seen[f] && len(named) < k {
			seen[f] = true
			named = append(named, c)
		}
	}
	hit := 0
	for _, t := range r.Truth {
		for i, c := range named {
			if c.Fault != "" && t.right(c.Fault) {
				hit++
				named[i].Fault = "" // one answer explains one cause
				break
			}
		}
	}
	return float64(hit) / float64(min(k, len(r.Truth))), true
}
