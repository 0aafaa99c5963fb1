package score

import (
	"slices"

	"triagent/incident"
)

// codeFaults are the faults in a service's own code: an exception and a wrong
// return value call for the same person and the same remedy, and traces often
// cannot tell them apart.
var codeFaults = []incident.Fault{"code_exception", "code_return"}

// coarse wraps a measure so that it takes the faults in code for one. It has no
// value where none of the true faults is one of them.
func coarse(m Measure) Measure {
	merged := map[*Row]*Row{}
	return func(rows []*Row) (float64, int, bool) {
		out := make([]*Row, len(rows))
		found := false
		for i, r := range rows {
			if merged[r] == nil {
				merged[r] = mergeCode(r)
			}
			out[i] = merged[r]
			found = found || slices.ContainsFunc(r.Truth, func(c Cause) bool { return slices.Contains(codeFaults, c.Fault) })
		}
		v, n, ok := m(out)
		return v, n, ok && found
	}
}

// mergeCode is a row whose faults in code, true and answered, have one name.
func mergeCode(r *Row) *Row {
	out := *r
	out.Truth, out.Causes = renamed(r.Truth), renamed(r.Causes)
	return &out
}

func renamed(causes []Cause) []Cause {
	out := slices.Clone(causes)
	for i := range out {
		if slices.Contains(codeFaults, out[i].Fault) {
			out[i].Fault = codeFaults[0]
		}
	}
	return out
}
