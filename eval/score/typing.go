package score

import (
	"maps"
	"slices"

	"triagent/incident"
)

// NoFault stands in the confusion matrix for an answer that names no fault.
const NoFault = "(none)"

// Confusion counts answered faults by true fault.
type Confusion struct {
	Labels []string `json:"labels"` // true faults first, then those only answered; each part in alphabetical order
	Count  [][]int  `json:"count"`  // [true][answered], by index into Labels
}

type pair struct{ truth, answer string }

// pairs matches the true faults of a row with as many of its first distinct
// faults. An accepted name counts as the true one. What is left over on both
// sides is paired in order, and with NoFault where the answer has too few.
func (r *Row) pairs() []pair {
	if r.Healthy {
		return nil
	}
	var answers []incident.Fault
	for _, c := range r.Causes {
		if !slices.Contains(answers, c.Fault) && len(answers) < len(r.Truth) {
			answers = append(answers, c.Fault)
		}
	}
	var out []pair
	var left []Cause
	for _, t := range r.Truth {
		i := slices.IndexFunc(answers, t.right)
		if i < 0 {
			left = append(left, t)
			continue
		}
		out = append(out, pair{string(t.Fault), string(t.Fault)})
		answers = slices.Delete(answers, i, i+1)
	}
	for i, t := range left {
		p := pair{string(t.Fault), NoFault}
		if i < len(answers) {
			p.answer = string(answers[i])
		}
		if p.answer == string(incident.UnknownFault) && p.truth == p.answer {
			p.answer = NoFault // unknown is never right
		}
		out = append(out, p)
	}
	return out
}

// Confuse makes the confusion matrix of the faulty rows.
func Confuse(rows []*Row) Confusion {
	count := map[pair]int{}
	truths, answers := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		for _, p := range r.pairs() {
			count[p]++
			truths[p.truth] = true
			answers[p.answer] = true
		}
	}
	c := Confusion{Labels: slices.Sorted(maps.Keys(truths))}
	for _, a := range slices.Sorted(maps.Keys(answers)) {
		if !truths[a] {
			c.Labels = append(c.Labels, a)
		}
	}
	for _, t := range c.Labels {
		line := make([]int, len(c.Labels))
		for j, a := range c.Labels {
			line[j] = count[pair{t, a}]
		}
		c.Count = append(c.Count, line)
	}
	return c
}

// tally is what precision and recall of one class are made of.
type tally struct{ tp, fp, fn int }

func (t tally) f1() float64 {
	if t.tp == 0 {
		return 0
	}
	return 2 * float64(t.tp) / float64(2*t.tp+t.fp+t.fn)
}

// macro is the mean F1 over the classes that occur in the truth; classes that
// were only answered have no recall to speak of and count as the false
// negatives of the others.
func macro(classes map[string]tally) float64 {
	sum, n := 0.0, 0
	for _, t := range classes {
		if t.tp+t.fn > 0 {
			sum += t.f1()
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func typeTallies(rows []*Row) map[string]tally {
	out := map[string]tally{}
	add := func(class string, d tally) {
		t := out[class]
		out[class] = tally{t.tp + d.tp, t.fp + d.fp, t.fn + d.fn}
	}
	for _, r := range rows {
		for _, p := range r.pairs() {
			if p.truth == p.answer {
				add(p.truth, tally{tp: 1})
				continue
			}
			add(p.truth, tally{fn: 1})
			if p.answer != NoFault {
				add(p.answer, tally{fp: 1})
			}
		}
	}
	return out
}

// labelTallies counts the set's own labels: the first true one of a row against
// that of the first cause. There are none where no answer has a label, since
// only solved cases teach them.
func labelTallies(rows []*Row) map[string]tally {
	out := map[string]tally{}
	add := func(class string, d tally) {
		t := out[class]
		out[class] = tally{t.tp + d.tp, t.fp + d.fp, t.fn + d.fn}
	}
	told := false
	for _, r := range rows {
		if r.Healthy || len(r.Truth) == 0 || r.Truth[0].Label == "" {
			continue
		}
		truth, answer := r.Truth[0].Label, ""
		if len(r.Causes) > 0 {
			answer = r.Causes[0].Label
		}
		told = told || answer != ""
		if truth == answer {
			add(truth, tally{tp: 1})
			continue
		}
		add(truth, tally{fn: 1})
		if answer != "" {
			add(answer, tally{fp: 1})
		}
	}
	if !told {
		return nil
	}
	return out
}

// strictTallies counts strict diagnoses by fault. On a healthy case an alarm
// that names a cause is a false positive of that fault.
func strictTallies(rows []*Row) map[string]tally {
	out := map[string]tally{}
	for _, r := range rows {
		answered := NoFault
		if len(r.Causes) > 0 && (!r.Healthy || r.Alarm) {
			answered = string(r.Causes[0].Fault)
		}
		right, ok := r.Strict()
		switch {
		case right:
			f := string(r.matched().Fault)
			t := out[f]
			t.tp++
			out[f] = t
		case ok || r.Healthy:
			if ok {
				f := string(r.Truth[0].Fault)
				t := out[f]
				t.fn++
				out[f] = t
			}
			if answered != NoFault {
				t := out[answered]
				t.fp++
				out[answered] = t
			}
		}
	}
	return out
}

// matched is the true cause that the first answer hit.
func (r *Row) matched() Cause {
	for _, t := range r.Truth {
		if r.Causes[0].Node == t.Node && t.right(r.Causes[0].Fault) {
			return t
		}
	}
	return Cause{}
}
