package report

import "triagent/incident"

// What people are shown of long lists at first.
const (
	proofs        = 6    // evidence below a step of the reasoning
	leastSuspects = 3    // suspects that are shown whatever their probability
	worthALook    = 0.05 // probability from which further ones are
)

// likely counts the causes that deserve a look: the first few, and those after
// them that are not all but impossible.
func likely(d *incident.Diagnosis) int {
	n := min(leastSuspects, len(d.Causes))
	for n < len(d.Causes) && d.Causes[n].Probability >= worthALook {
		n++
	}
	return n
}

// prove puts the evidence below the steps that cite it, and takes out of all
// citations what is word for word another one beside it.
func (v *view) prove() {
	byID := map[string]evidenceView{}
	for _, e := range v.Evidence {
		byID[e.ID] = e
	}
	for i := range v.Causes {
		v.Causes[i].Cites = untwin(v.Causes[i].Cites, byID)
	}
	for i := range v.Rejected {
		v.Rejected[i].Cites = untwin(v.Rejected[i].Cites, byID)
	}
	shown := map[pair]bool{} // by place and text: one observation may have two meanings
	for i := range v.Reasons {
		r := &v.Reasons[i]
		r.Cites = untwin(r.Cites, byID)
		for _, c := range r.Cites {
			e, ok := byID[c]
			same := pair{e.At, e.Text}
			if ok && !shown[same] && len(r.Proof) < proofs {
				shown[same] = true
				r.Proof = append(r.Proof, e)
			}
		}
	}
}

// twin tells observations apart for a reader: what reads the same and comes
// from the same place is the same to him, whatever it was taken to mean.
type twin struct{ at, text, place string }

func (e evidenceView) twin() twin { return twin{e.At, e.Text, e.Place} }

// untwin leaves out of citations what reads as one before it does.
func untwin(cites []string, byID map[string]evidenceView) []string {
	seen := map[twin]bool{}
	var out []string
	for _, c := range cites {
		if e, ok := byID[c]; ok {
			if seen[e.twin()] {
				continue
			}
			seen[e.twin()] = true
		}
		out = append(out, c)
	}
	return out
}

// citedIn returns the evidence that a reason, cause, rejection or step of the
// propagation leans on.
func citedIn(d *incident.Diagnosis) map[string]bool {
	out := map[string]bool{}
	mark := func(cites []string) {
		for _, c := range cites {
			out[c] = true
		}
	}
	for _, r := range d.Reasoning {
		mark(cites(r.Cites))
	}
	for _, c := range d.Causes {
		mark(cites(c.Cites))
	}
	for _, r := range d.Rejected {
		mark(cites(r.Cites))
	}
	for _, s := range d.Propagation {
		mark(cites(s.Cites))
	}
	return out
}
