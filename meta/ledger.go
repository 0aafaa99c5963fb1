package meta

import (
	"strconv"

	"triagent/agents"
	"triagent/incident"
)

// ledger gives evidence and findings their final IDs and keeps them in the
// order in which they were booked.
type ledger struct {
	evidence []incident.Evidence
	findings []incident.Finding
}

// book takes over what an agent found, tells it, and lets later agents see it.
func (r *run) book(res agents.Result) {
	ids := map[incident.EvidenceID]incident.EvidenceID{}
	for _, e := range res.Evidence {
		own := e.ID
		e.ID = incident.EvidenceID("E" + strconv.Itoa(len(r.ledger.evidence)+1))
		ids[own] = e.ID
		e.Source = r.asked.cite(e.Source)
		r.ledger.evidence = append(r.ledger.evidence, e)
		r.emit(incident.EvidenceMade{Evidence: e})
	}
	final := func(id incident.EvidenceID) incident.EvidenceID {
		if to, ok := ids[id]; ok {
			return to
		}
		return id // of an earlier agent
	}
	for _, f := range res.Findings {
		f.ID = incident.FindingID("F" + strconv.Itoa(len(r.ledger.findings)+1))
		cites := make([]incident.EvidenceID, len(f.Cites))
		for i, id := range f.Cites {
			cites[i] = final(id)
		}
		f.Cites = cites
		r.ledger.findings = append(r.ledger.findings, f)
		r.emit(incident.FindingMade{Finding: f})
	}
	for _, c := range res.Charts {
		c.Evidence = final(c.Evidence)
		r.emit(incident.ChartMade{Chart: c})
	}
	for _, t := range res.Templates {
		t.Evidence = final(t.Evidence)
		r.emit(incident.TemplateSeen{Template: t})
	}
	for _, x := range res.Reductions {
		r.emit(incident.Reduced{Reduction: x})
	}
	for _, m := range res.Missing {
		r.emit(incident.Lacked{Missing: m})
	}
	r.in.Seen = append(r.in.Seen, res.Seen...)
	r.in.Compared = r.in.Compared || res.Compared
	r.in.Normal = max(r.in.Normal, res.Normal)
	r.in.Lost = r.in.Lost || res.Lost
}
