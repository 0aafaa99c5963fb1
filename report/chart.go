package report

import (
	"math"
	"strconv"
	"strings"
	"time"

	"triagent/incident"
)

// Size of a chart in its own units; the page scales it.
const (
	chartWidth, chartHeight                      = 400.0, 156.0
	chartLeft, chartRight, chartTop, chartBottom = 44.0, 8.0, 16.0, 22.0
	plotWidth, plotHeight                        = chartWidth - chartLeft - chartRight, chartHeight - chartTop - chartBottom
)

// chartView is a chart as coordinates.
type chartView struct {
	Evidence, Title, Unit, Text, Place string
	Culprit                            bool
	Alt                                string
	Baseline, Window                   *band
	Onset, Alert                       *mark
	Lines                              []string // points of a polyline, one a stretch without gap
	Dots                               []point  // samples that stand alone
	YTicks, XTicks                     []tick
}

type (
	band  struct{ X, Width string }
	mark  struct{ X, Label, Anchor, TextX string }
	tick  struct{ Pos, Label, Anchor string }
	point struct{ X, Y string }
)

// scale maps the times and values of a chart to its plot.
type scale struct {
	from, to  int64 // Unix nanoseconds, from < to
	low, high float64
}

func (s scale) x(t time.Time) float64 {
	f := float64(t.UnixNano()-s.from) / float64(s.to-s.from)
	return chartLeft + plotWidth*min(max(f, 0), 1)
}

func (s scale) y(v float64) float64 {
	return chartTop + plotHeight*(1-(v-s.low)/(s.high-s.low))
}

// chart lays a series out. Charts without two moments or any value are not
// drawn: ok is false.
func (o Options) chart(c incident.Chart, d *incident.Diagnosis) (v chartView, ok bool) {
	s, ok := scaleOf(c)
	if !ok {
		return v, false
	}
	v = chartView{Evidence: clean(string(c.Evidence)), Title: clean(c.Title), Unit: clean(c.Unit)}
	v.Lines, v.Dots = polylines(c, s)
	v.YTicks, v.XTicks = yTicks(s), xTicks(s)
	v.Baseline, v.Window = s.band(d.Incident.Baseline), s.band(d.Incident.Window)
	if e, found := evidenceOf(d, c.Evidence); found {
		v.Text, v.Place = clean(o.Word(e.Text)), clean(place(e.Source))
		v.Culprit = len(d.Causes) > 0 && d.Causes[0].Node == e.Node
		if !e.Onset.From.IsZero() {
			v.Onset = s.mark(began(e.Onset))
		}
	}
	if t := d.Incident.Alert.Time; !t.IsZero() {
		v.Alert = s.mark(t)
	}
	v.Alt = o.say("ui.chart_alt", "title", v.Title, "first", clock(c.Times[0]), "last", clock(c.Times[len(c.Times)-1]),
		"low", short(s.low), "high", short(s.high))
	return v, true
}

func evidenceOf(d *incident.Diagnosis, id incident.EvidenceID) (incident.Evidence, bool) {
	for _, e := range d.Evidence {
		if e.ID == id {
			return e, true
		}
	}
	return incident.Evidence{}, false
}

// scaleOf finds the extent of a series. A flat one gets room around it, and one
// that stays near zero starts there.
func scaleOf(c incident.Chart) (s scale, ok bool) {
	n := min(len(c.Times), len(c.Values))
	if n < 2 {
		return s, false
	}
	s = scale{from: c.Times[0].UnixNano(), to: c.Times[n-1].UnixNano(), low: math.Inf(1), high: math.Inf(-1)}
	for _, v := range c.Values[:n] {
		if !gap(v) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
	if s.low > s.high || s.from >= s.to {
		return s, false
	}
	if s.low >= 0 && s.low < s.high/2 {
		s.low = 0
	}
	room := (s.high - s.low) * 0.06
	if room == 0 {
		room = max(math.Abs(s.high)*0.1, 0.5)
	}
	s.high += room
	if s.low != 0 {
		s.low -= room
	}
	return s, !math.IsInf(s.high-s.low, 0)
}

// gap reports whether v cannot be drawn.
func gap(v float64) bool { return math.IsNaN(v) || math.Abs(v) > math.MaxFloat64/8 }

// polylines breaks a series at its gaps.
func polylines(c incident.Chart, s scale) (lines []string, dots []point) {
	var run []point
	flush := func() {
		switch {
		case len(run) == 1:
			dots = append(dots, run[0])
		case len(run) > 1:
			lines = append(lines, strings.Join(each(run, func(p point) string { return p.X + "," + p.Y }), " "))
		}
		run = nil
	}
	for i, t := range c.Times[:min(len(c.Times), len(c.Values))] {
		if gap(c.Values[i]) {
			flush()
			continue
		}
		run = append(run, point{unit(s.x(t)), unit(s.y(c.Values[i]))})
	}
	flush()
	return lines, dots
}

// unit formats a coordinate.
func unit(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// band is a window as a stretch of the plot; nil if none of it is in the plot.
func (s scale) band(w incident.Window) *band {
	if w.IsZero() || w.To.UnixNano() <= s.from || w.From.UnixNano() >= s.to {
		return nil
	}
	x := s.x(w.From)
	return &band{X: unit(x), Width: unit(max(s.x(w.To)-x, 1))}
}

// mark is a moment of the plot; nil if it is outside.
func (s scale) mark(t time.Time) *mark {
	if n := t.UnixNano(); n < s.from || n > s.to {
		return nil
	}
	x := s.x(t)
	m := &mark{X: unit(x), Label: clock(t), Anchor: "end", TextX: unit(x - 4)}
	if x < chartLeft+64 {
		m.Anchor, m.TextX = "start", unit(x+4)
	}
	return m
}

// yTicks are two or three round values.
func yTicks(s scale) []tick {
	step := nice((s.high - s.low) / 3)
	var out []tick
	for v := math.Ceil(s.low/step) * step; v <= s.high && len(out) < 5; v += step {
		if math.Abs(v) < step/1e6 {
			v = 0
		}
		out = append(out, tick{Pos: unit(s.y(v)), Label: short(v)})
	}
	return out
}

// nice rounds a step up to 1, 2 or 5 times a power of ten.
func nice(step float64) float64 {
	base := math.Pow(10, math.Floor(math.Log10(step)))
	if base == 0 || math.IsInf(base, 0) || math.IsNaN(base) {
		return step
	}
	for _, f := range []float64{1, 2, 5} {
		if f*base >= step {
			return f * base
		}
	}
	return 10 * base
}

// xTicks are the ends and the middle of the plot.
func xTicks(s scale) []tick {
	var out []tick
	for i, anchor := range []string{"start", "middle", "end"} {
		t := time.Unix(0, s.from+(s.to-s.from)/2*int64(i))
		label := clock(t)
		if s.to-s.from > int64(36*time.Hour) {
			label = t.UTC().Format("01-02 15:04")
		}
		out = append(out, tick{Pos: unit(s.x(t)), Label: label, Anchor: anchor})
	}
	return out
}
