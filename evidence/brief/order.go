package brief

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// ordered is all that could be said, most telling first.
//
// The value of a thing is ln(1 + score) times its contrast, of a log template
// and a bonus for its level and words. The contrast is its share of the scores
// that all nodes show of the same: 1 if no other node shows it, a third if three
// show as much. What the ranked causes cite counts more, by their rank; what is
// no evidence counts less.
func ordered(d *incident.Diagnosis, more More) []item {
	r := newRivals(d, more)
	items := evidenceItems(d, r)
	items = append(items, seriesItems(d, more.Series, r)...)
	items = append(items, lineItems(d, more.Lines, r)...)
	return uncrowded(items)
}

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
	return items
}

const (
	citedValue = 2.  // what a citation by the first cause is worth
	moreValue  = .8  // what counts that no evidence tells of
	wordsValue = .25 // what a point of compress.Meaning is worth
	crowding   = .05 // how fast the tenth of a kind on a node loses to the first of another
	likeness   = .3  // how fast lines that come equally often on a node do
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

// seriesItems are the metrics that moved and that no evidence tells of.
func seriesItems(d *incident.Diagnosis, all []Series, r rivals) []item {
	known := told(d, incident.Metric)
	var items []item
	for i := range all {
		s := &all[i]
		if known[place{s.Node, s.Name}] {
			continue
		}
		score := math.Abs(s.Change.Score)
		items = append(items, item{node: s.Node, series: s, value: moreValue * math.Log1p(score) * r.share(s.measured(), score)})
	}
	return items
}

func (s *Series) measured() measured {
	return measured{kind: incident.Metric, name: s.Name, direction: s.Change.Direction}
}

// lineItems are the templates that no evidence tells of and that were seen in
// the window, or are missed in it. Their score is the root of G, whether or not
// that is more than chance makes.
func lineItems(d *incident.Diagnosis, lines []compress.Line, r rivals) []item {
	known := told(d, incident.Log)
	var items []item
	for i := range lines {
		l := &lines[i]
		if known[place{l.Node, l.Template}] || l.Count == 0 && l.Change.Kind == compress.Steady {
			continue
		}
		score := math.Sqrt(l.Change.G)
		v := math.Log1p(score)*r.share(lineMeasured(l), score) + words(l.Level, l.Template)
		items = append(items, item{node: l.Node, line: l, value: moreValue * v})
	}
	return items
}

func lineMeasured(l *compress.Line) measured {
	m := measured{incident.Log, l.Template, incident.Up}
	if l.Change.Ratio < 1 {
		m.direction = incident.Down
	}
	return m
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
// node set back, and further if their counts are those of others: lines that a
// node writes equally often are steps of one thing, and a few tell of it.
func uncrowded(items []item) []item {
	byValue(items)
	shown, alike := map[group]int{}, map[group]int{}
	for i := range items {
		g, same := items[i].groups()
		items[i].value /= 1 + crowding*float64(shown[g])
		shown[g]++
		if same.counts != "" {
			items[i].value /= 1 + likeness*float64(alike[same])
			alike[same]++
		}
	}
	byValue(items)
	return items
}

// group is what takes the room of others.
type group struct {
	node   incident.NodeID
	kind   incident.Kind
	counts string // empty: of a kind
}

// groups are those of an item: of its kind, and of its counts if it has any.
func (it *item) groups() (kind, same group) {
	switch {
	case it.series != nil:
		return group{node: it.node, kind: incident.Metric}, group{}
	case it.line != nil:
		kind = group{node: it.node, kind: incident.Log}
		same = kind
		same.counts = strconv.FormatInt(it.line.Count, 10) + "/" + strconv.FormatInt(it.line.Change.Baseline, 10)
		return kind, same
	}
	e := it.evidence[0]
	kind = group{node: it.node, kind: e.Kind}
	if e.Kind == incident.Log || e.Kind == incident.Trace {
		same = kind
		for _, n := range e.Numbers {
			same.counts += " " + strconv.FormatFloat(n.Value, 'g', -1, 64)
		}
	}
	return kind, same
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

func measuredBy(e *incident.Evidence) measured {
	m := measured{e.Kind, e.Name, e.Direction}
	switch e.Direction {
	case incident.New:
		m.direction = incident.Up
	case incident.Gone:
		m.direction = incident.Down
	}
	return m
}

func newRivals(d *incident.Diagnosis, more More) rivals {
	r := rivals{}
	for i := range d.Evidence {
		e := &d.Evidence[i]
		r.note(measuredBy(e), about(e), e.Score)
	}
	for i := range more.Series {
		s := &more.Series[i]
		r.note(s.measured(), s.Node, math.Abs(s.Change.Score))
	}
	for i := range more.Lines {
		l := &more.Lines[i]
		r.note(lineMeasured(l), l.Node, math.Sqrt(l.Change.G))
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
