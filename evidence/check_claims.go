package evidence

import (
	"fmt"

	"triagent/incident"
)

// claims follows every citation.
func (c *checker) claims() {
	known := map[string]bool{} // what may be cited, and whether it holds
	for i := range c.d.Evidence {
		id := c.d.Evidence[i].ID
		known[string(id)] = !c.wrong[id]
	}
	for i := range c.d.Findings {
		f := &c.d.Findings[i]
		where := string(f.ID)
		if where == "" {
			where = fmt.Sprintf("finding %d", i+1)
		}
		held := c.claim(where, known, texts(f.Cites), true)
		if _, twice := known[string(f.ID)]; twice || f.ID == "" {
			c.claimFault(where, "a finding needs an ID of its own")
			continue
		}
		known[string(f.ID)] = held
	}
	for i := range c.d.Causes {
		c.claim(fmt.Sprintf("cause %d", i+1), evidenceOnly(known, c.d), texts(c.d.Causes[i].Cites), !c.silent(&c.d.Causes[i]))
	}
	for i := range c.d.Reasoning {
		c.claim(fmt.Sprintf("step %d", i+1), known, c.d.Reasoning[i].Cites, true)
	}
	for i := range c.d.Rejected {
		c.claim(fmt.Sprintf("rejected %d", i+1), evidenceOnly(known, c.d), texts(c.d.Rejected[i].Cites), false)
	}
	for i := range c.d.Propagation {
		c.claim(fmt.Sprintf("propagation %d", i+1), evidenceOnly(known, c.d), texts(c.d.Propagation[i].Cites), true)
	}
	for i := range c.d.Charts {
		if id := string(c.d.Charts[i].Evidence); !has(known, id) {
			c.claimFault(fmt.Sprintf("chart %d", i+1), fmt.Sprintf("it shows %q, which does not exist", id))
		}
	}
	for i := range c.d.Templates {
		if id := string(c.d.Templates[i].Evidence); id != "" && !has(known, id) {
			c.claimFault(fmt.Sprintf("template %d", i+1), fmt.Sprintf("it shows %q, which does not exist", id))
		}
	}
}

// silent reports whether a cause says nothing of the data: that there is no
// evidence at all, and a node where to look first all the same, for a fault
// that is not known and with no probability.
func (c *checker) silent(cause *incident.Cause) bool {
	return len(c.d.Evidence) == 0 && cause.Fault == incident.UnknownFault && cause.Probability == 0 && c.d.Verdict == incident.Inconclusive
}

// claim checks the citations of one claim and reports whether it holds.
func (c *checker) claim(where string, known map[string]bool, cites []string, must bool) bool {
	c.r.Claims++
	held := true
	if must && len(cites) == 0 {
		c.claimFault(where, "it cites nothing")
		held = false
	}
	for _, id := range cites {
		ok, exists := known[id]
		switch {
		case !exists:
			c.claimFault(where, fmt.Sprintf("it cites %q, which does not exist", id))
		case !ok:
			c.claimFault(where, fmt.Sprintf("it cites %s, which does not hold", id))
		}
		held = held && ok
	}
	if held {
		c.r.ClaimsHeld++
	}
	return held
}

func (c *checker) claimFault(where, reason string) {
	c.r.Problems = append(c.r.Problems, Problem{where, reason})
}

func has(m map[string]bool, id string) bool {
	_, ok := m[id]
	return ok
}

// evidenceOnly is known without the findings.
func evidenceOnly(known map[string]bool, d *incident.Diagnosis) map[string]bool {
	m := make(map[string]bool, len(d.Evidence))
	for i := range d.Evidence {
		id := string(d.Evidence[i].ID)
		m[id] = known[id]
	}
	return m
}

func texts(ids []incident.EvidenceID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
