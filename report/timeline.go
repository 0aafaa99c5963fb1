package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"triagent/incident"
)

// timelineLanes bounds how many nodes the timeline shows.
const timelineLanes = 10

// Sizes of the timeline in its own units.
const (
	laneLeft, laneWidth, laneHeight, laneTop = 150.0, 850.0, 30.0, 26.0
)

// timelineView shows when each node began to look odd, one lane a node.
type timelineView struct {
	Width, Height, Left, Right, Bottom, Tall, TickY string
	Lanes                                           []laneView
	Window                                          *band
	Alert                                           *mark
	XTicks                                          []tick
}

type laneView struct {
	Y, TextY, Name, Full, Class string
	Dots                        []dotView
}

type dotView struct{ X, Y, R, Kind, Title, Evidence string }

// timeline lays out the evidence that has an onset; nil if there is none.
// Lanes are in the order of their first telling onset.
func (o Options) timeline(d *incident.Diagnosis) *timelineView {
	byNode := map[incident.NodeID][]incident.Evidence{}
	s := scale{from: math.MaxInt64, to: math.MinInt64}
	grow := func(t time.Time) {
		if !t.IsZero() {
			s.from, s.to = min(s.from, t.UnixNano()), max(s.to, t.UnixNano())
		}
	}
	for _, e := range d.Evidence {
		if !e.Onset.From.IsZero() && e.Node != "" {
			byNode[e.Node] = append(byNode[e.Node], e)
			grow(began(e.Onset))
		}
	}
	if len(byNode) == 0 {
		return nil
	}
	grow(d.Incident.Window.From)
	grow(d.Incident.Window.To)
	if s.to <= s.from {
		s.to = s.from + int64(time.Second)
	}
	x := func(t time.Time) float64 {
		return laneLeft + laneWidth*float64(t.UnixNano()-s.from)/float64(s.to-s.from)
	}
	nodes := lanes(byNode)
	v := &timelineView{Left: unit(laneLeft), Right: unit(laneLeft + laneWidth), Width: unit(laneLeft + laneWidth + 20)}
	for i, n := range nodes {
		y := laneTop + laneHeight*(float64(i)+0.5)
		l := laneView{Y: unit(y), TextY: unit(y + 4), Name: middle(clean(string(n)), 18), Full: clean(string(n)), Class: classOf(n, d)}
		for _, e := range byNode[n] {
			l.Dots = append(l.Dots, dotView{
				X: unit(x(began(e.Onset))), Y: unit(y), R: unit(3 + min(math.Log1p(max(e.Score, 0)), 6)), Kind: kindClass(e.Kind),
				Title: clean(clock(began(e.Onset)) + "  " + o.Word(e.Text)), Evidence: clean(string(e.ID)),
			})
		}
		v.Lanes = append(v.Lanes, l)
	}
	bottom := laneTop + laneHeight*float64(len(nodes))
	v.Bottom, v.Height = unit(bottom), unit(bottom+22)
	v.Tall, v.TickY = unit(bottom-18), unit(bottom+16)
	v.frame(d, s, x)
	return v
}

// kindClass is a kind of evidence if it is one of ours, for use as a class.
func kindClass(k incident.Kind) string {
	switch k {
	case incident.Metric, incident.Log, incident.Trace:
		return string(k)
	}
	return "event"
}

// frame adds the window, the alert and the times.
func (v *timelineView) frame(d *incident.Diagnosis, s scale, x func(time.Time) float64) {
	if w := d.Incident.Window; !w.IsZero() {
		v.Window = &band{X: unit(x(w.From)), Width: unit(max(x(w.To)-x(w.From), 1))}
	}
	if t := d.Incident.Alert.Time; !t.IsZero() && t.UnixNano() >= s.from && t.UnixNano() <= s.to {
		v.Alert = &mark{X: unit(x(t)), Label: clock(t)}
	}
	for i, anchor := range []string{"start", "middle", "middle", "middle", "end"} {
		t := time.Unix(0, s.from+(s.to-s.from)/4*int64(i)).UTC()
		v.XTicks = append(v.XTicks, tick{Pos: unit(x(t)), Label: clock(t), Anchor: anchor})
	}
}

// lanes orders the nodes by their first onset among their stronger half of
// evidence, and keeps the nodes with the strongest evidence.
func lanes(byNode map[incident.NodeID][]incident.Evidence) []incident.NodeID {
	type lane struct {
		node  incident.NodeID
		score float64
		first time.Time
	}
	var all []lane
	for n, es := range byNode {
		l := lane{node: n}
		for _, e := range es {
			l.score = max(l.score, e.Score)
		}
		for _, e := range es {
			if t := began(e.Onset); e.Score >= l.score/2 && (l.first.IsZero() || t.Before(l.first)) {
				l.first = t
			}
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b lane) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.node, b.node)) })
	all = all[:min(len(all), timelineLanes)]
	slices.SortFunc(all, func(a, b lane) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.node, b.node)) })
	return each(all, func(l lane) incident.NodeID { return l.node })
}
