package data

import (
	"math"
	"strconv"

	"triagent/incident"
)

// number gives evidence ids that are distinct within a result.
func number(evidence []incident.Evidence, prefix string) {
	for i := range evidence {
		evidence[i].ID = incident.EvidenceID(prefix + strconv.Itoa(i+1))
	}
}

// Bounds on findings.
const (
	findingScore = 4.0 // least score of evidence that makes a finding by itself
	findingsMost = 12
	findingCites = 4
)

// findings makes one finding for each node with strong evidence, strongest
// first: its strongest evidence, worded as it is, and what else there is.
func findings(agent string, evidence []incident.Evidence) []incident.Finding {
	order := append([]incident.Evidence(nil), evidence...)
	order = strongest(order, findingCites)
	at := map[incident.NodeID]int{}
	var out []incident.Finding
	for _, e := range order {
		if i, ok := at[e.Node]; ok {
			out[i].Cites = append(out[i].Cites, e.ID)
			continue
		}
		if e.Score < findingScore || len(out) == findingsMost {
			continue
		}
		at[e.Node] = len(out)
		out = append(out, incident.Finding{
			Agent: agent, Node: e.Node, Text: e.Text, Strength: strength(e.Score), Cites: []incident.EvidenceID{e.ID},
		})
	}
	return out
}

// strength maps a score to 0..1: a half where a healthy window tops out.
func strength(score float64) float64 {
	s := score / healthyTop
	return math.Round(1000*s*s/(1+s*s)) / 1000
}
