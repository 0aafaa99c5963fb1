package brief

import (
	"cmp"
	"math"
	"slices"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// evidenceItems brings together what says the same and puts what is most
// telling first.
//
// The value of evidence is ln(1 + score) times its contrast, of a log template
// and a bonus for its level and words, times a factor that falls with how much
// of its kind its node has shown already, so that one loud node does not take the
// room of all others. The contrast is the share of the scores that all nodes
// show of the same: 1 if no other node shows it, a third if three show as much.
// What the ranked causes cite counts more, by their rank.
func evidenceItems(d *incident.Diagnosis, r rivals) []item {
	items := merged(d.Evidence)
	cited := map[incident.EvidenceID]float64{}
	for _, c := range d.Causes {
		for _, id := range c.Cites {
			cited[id] = max(cited[id], citedValue/float64(max(c.Rank, 1)))
		}
	}
	for i := range items {
		it := &items[i]
		for _, e := range it.evidence {
			v := math.Log1p(max(e.Score, 0)) * r.share(measuredBy(e), e.Score)
			if e.Kind == incident.Log && e.Name != "" {
				v += words(levelOf(e), e.Name)
			}
			it.value = max(it.value, v+cited[e.ID])
		}
	}
	return uncrowded(items)
}

const (
	citedValue = 2.  // what a citation by the first cause is worth
	wordsValue = .25 // what a point of compress.Meaning is worth
	crowding   = .05 // how fast the tenth of a kind on a node loses to the first of another
)

// words values a template by its level and by what it says.
func words(l telemetry.Level, template string) float64 {
	return wordsValue * (compress.Meaning(template) + max(0, float64(l)-float64(telemetry.Info)))
}

// levelOf is the level that evidence from a log states.
func levelOf(e *incident.Evidence) telemetry.Level {
	for _, a := range e.Text.Args {
		if a.Name != "level" {
			continue
		}
		for l := telemetry.Trace; l <= telemetry.Fatal; l++ {
			if l.String() == a.Value {
				return l
			}
		}
	}
	return telemetry.Info
}

// seriesItems are the metrics that moved and that no evidence tells of, most
// telling first.
func seriesItems(d *incident.Diagnosis, all []Series, r rivals) []item {
	known := told(d, incident.Metric)
	var items []item
	for i := range all {
		s := &all[i]
		if known[place{s.Node, s.Name}] {
			continue
		}
		score := math.Abs(s.Change.Score)
		items = append(items, item{node: s.Node, series: s, value: math.Log1p(score) * r.share(s.measured(), score)})
	}
	return uncrowded(items)
}

func (s *Series) measured() measured {
	return measured{kind: incident.Metric, name: s.Name, direction: s.Change.Direction}
}

// lineItems are the templates that no evidence tells of, in the order of lines.
func lineItems(d *incident.Diagnosis, lines []compress.Line) []item {
	known := told(d, incident.Log)
	var items []item
	for i := range lines {
		if l := &lines[i]; !known[place{l.Node, l.Template}] {
			items = append(items, item{node: l.Node, line: l})
		}
	}
	return items
}

// place is a template or a metric on a node.
type place struct {
	node incident.NodeID
	name string
}

func told(d *incident.Diagnosis, kind incident.Kind) map[place]bool {
	known := map[place]bool{}
	for i := range d.Evidence {
		if e := &d.Evidence[i]; e.Kind == kind {
			known[place{e.Node, e.Name}] = true
		}
	}
	return known
}

// uncrowded sorts items by value, those that come late of their kind on their
// node set back.
func uncrowded(items []item) []item {
	byValue(items)
	type group struct {
		node incident.NodeID
		kind incident.Kind
	}
	shown := map[group]int{}
	for i := range items {
		g := group{node: items[i].node, kind: incident.Metric}
		if es := items[i].evidence; len(es) > 0 {
			g.kind = es[0].Kind
		}
		items[i].value /= 1 + crowding*float64(shown[g])
		shown[g]++
	}
	byValue(items)
	return items
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

// rivals holds, of each thing that is measured, the highest score of each node.
type rivals map[measured]map[incident.NodeID]float64

type measured struct {
	kind      incident.Kind
	name      string
	direction incident.Direction
}

func measuredBy(e *incident.Evidence) measured { return measured{e.Kind, e.Name, e.Direction} }

func newRivals(d *incident.Diagnosis, all []Series) rivals {
	r := rivals{}
	for i := range d.Evidence {
		e := &d.Evidence[i]
		r.note(measuredBy(e), about(e), e.Score)
	}
	for i := range all {
		r.note(all[i].measured(), all[i].Node, math.Abs(all[i].Change.Score))
	}
	return r
}

func (r rivals) note(m measured, n incident.NodeID, score float64) {
	if r[m] == nil {
		r[m] = map[incident.NodeID]float64{}
	}
	r[m][n] = max(r[m][n], score)
}

// share is the part of a score in what all nodes show.
func (r rivals) share(m measured, score float64) float64 {
	var all []float64
	for _, s := range r[m] {
		all = append(all, s)
	}
	slices.Sort(all) // sums of floats depend on their order
	sum := 0.
	for _, s := range all {
		sum += s
	}
	if sum <= 0 {
		return 1
	}
	return min(1, score/sum)
}

// about is whom evidence is about: of a call, the node called.
func about(e *incident.Evidence) incident.NodeID {
	if e.Kind == incident.Trace && e.Peer != "" {
		return e.Peer
	}
	return e.Node
}
