package brief

import (
	"cmp"
	"math"
	"slices"

	"triagent/incident"
)

// evidenceItems brings together what says the same and puts what is most
// telling first.
//
// The value of evidence is ln(1 + score), times its contrast, times a factor
// that falls with how much of its kind its node has shown already, so that one
// loud node does not take the room of all others. The contrast is the score by
// the sum of itself and the highest that another node shows of the same: 1 if no
// other node shows it, a half if one shows as much. What the ranked causes cite
// counts more, by their rank.
func evidenceItems(d *incident.Diagnosis) []item {
	items := merged(d.Evidence)
	other := newRivals(d.Evidence)
	cited := map[incident.EvidenceID]float64{}
	for _, c := range d.Causes {
		for _, id := range c.Cites {
			cited[id] = max(cited[id], citedValue/float64(max(c.Rank, 1)))
		}
	}
	for i := range items {
		it := &items[i]
		for _, e := range it.evidence {
			it.value = max(it.value, math.Log1p(max(e.Score, 0))*other.contrast(e)+cited[e.ID])
		}
	}
	byValue(items)
	shown := map[group]int{}
	for i := range items {
		g := group{items[i].node, items[i].evidence[0].Kind}
		items[i].value /= 1 + crowding*float64(shown[g])
		shown[g]++
	}
	byValue(items)
	return items
}

const (
	citedValue = 2.  // what a citation by the first cause is worth
	crowding   = .05 // how fast the tenth piece of a kind on a node loses to the first of another
)

type group struct {
	node incident.NodeID
	kind incident.Kind
}

func byValue(items []item) {
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(b.value, a.value) })
}

// twin is what makes two pieces of evidence one row.
type twin struct {
	node, peer incident.NodeID
	kind       incident.Kind
	name, text string
}

// merged makes items of evidence, one of those that say the same: the same
// template on a node, or the same numbers of a metric.
func merged(all []incident.Evidence) []item {
	var items []item
	at := map[twin]int{}
	for i := range all {
		e := &all[i]
		key := twin{node: e.Node, kind: e.Kind, name: e.Name}
		switch {
		case e.Kind == incident.Log && e.Name != "": // however it is told of
		case e.Kind == incident.Metric:
			key.text = args(e.Text)
		default:
			key.peer, key.text = e.Peer, e.Text.Key+args(e.Text)
		}
		if k, ok := at[key]; ok {
			items[k].evidence = append(items[k].evidence, e)
			continue
		}
		at[key] = len(items)
		items = append(items, item{node: e.Node, evidence: []*incident.Evidence{e}})
	}
	return items
}

func args(t incident.Text) string {
	s := ""
	for _, a := range t.Args {
		s += "\x00" + a.Name + "\x01" + a.Value
	}
	return s
}

// rivals knows the highest two scores of each thing that is measured, on
// different nodes.
type rivals map[measured]*[2]best

type measured struct {
	kind      incident.Kind
	name      string
	signal    incident.Signal
	direction incident.Direction
}

type best struct {
	node  incident.NodeID
	score float64
}

func measuredBy(e *incident.Evidence) measured {
	return measured{e.Kind, e.Name, e.Signal, e.Direction}
}

func newRivals(all []incident.Evidence) rivals {
	r := rivals{}
	for i := range all {
		e := &all[i]
		top := r[measuredBy(e)]
		if top == nil {
			top = &[2]best{}
			r[measuredBy(e)] = top
		}
		b := best{about(e), e.Score}
		switch {
		case b.node == top[0].node:
			top[0].score = max(top[0].score, b.score)
		case b.score > top[0].score:
			top[0], top[1] = b, top[0]
		case b.score > top[1].score:
			top[1] = b
		}
	}
	return r
}

// about is whom evidence is about: of a call, the node called.
func about(e *incident.Evidence) incident.NodeID {
	if e.Kind == incident.Trace && e.Peer != "" {
		return e.Peer
	}
	return e.Node
}

func (r rivals) contrast(e *incident.Evidence) float64 {
	top := r[measuredBy(e)]
	rival := top[0]
	if rival.node == about(e) {
		rival = top[1]
	}
	if e.Score <= 0 {
		return 1
	}
	return e.Score / (e.Score + max(rival.score, 0))
}
