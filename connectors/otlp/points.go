package otlp

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// shape is what the points of a series mean.
type shape uint8

// The shapes.
const (
	asIs    shape = iota // as it is
	counter              // grows from a start; again from 0 after a restart
	steps                // what was added since the point before
)

// point is one data point. Distributions have count and sum, others a value.
type point struct {
	at, start  int64 // Unix nanoseconds; 0: not said
	value, sum float64
}

// series are the points of one metric of one node with the same attributes.
type series struct {
	metric string
	attrs  map[string]string
	unit   string
	shape  shape
	whole  bool // a distribution: value is a count, and there is a sum
	noSum  bool // of a distribution
	points []point
}

// sort puts points in order; of those of one time the last to come counts.
func (s *series) sort() {
	slices.SortStableFunc(s.points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	out := s.points[:0]
	for i, p := range s.points {
		if i+1 < len(s.points) && s.points[i+1].at == p.at {
			continue
		}
		out = append(out, p)
	}
	s.points = out
}

// longestStart bounds the time over which the first point of a counter is spread.
const longestStart = int64(10 * 60 * 1e9)

// deltas gives for each point what was added, of value and sum, and in how many
// seconds; NaN where it cannot be known.
func (s *series) deltas(each func(p point, value, sum, seconds float64)) {
	var before *point
	for i := range s.points {
		p := s.points[i]
		value, sum, from := p.value, p.sum, p.start
		switch {
		case s.shape == steps:
			if from == 0 && before != nil {
				from = before.at
			}
		case before != nil && p.start <= before.at && p.value >= before.value:
			value, sum, from = p.value-before.value, p.sum-before.sum, before.at
		case before != nil:
			// It began anew: all that it counts came since then.
			from = max(p.start, before.at)
		case p.start == 0 || p.at-p.start > longestStart:
			from = 0
		}
		before = &s.points[i]
		seconds := math.NaN()
		if from > 0 && from < p.at {
			seconds = float64(p.at-from) / 1e9
		}
		each(p, value, sum, seconds)
	}
}

// maxPoints bounds the points of one metric's name that are kept at once.
const maxPoints = 4 << 20

// add takes the data points of a metric over.
func (n *nodeMetrics) add(m pmetric.Metric) {
	kind := shape(asIs)
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		n.numbers(m, kind, m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		t, mono := m.Sum().AggregationTemporality(), m.Sum().IsMonotonic()
		if t == pmetric.AggregationTemporalityDelta {
			kind = steps
		} else if mono {
			kind = counter
		}
		n.numbers(m, kind, m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			n.put(m, temporal(m.Histogram().AggregationTemporality()), !p.HasSum(), p.Attributes(), p.Flags(), point{int64(p.Timestamp()), int64(p.StartTimestamp()), float64(p.Count()), p.Sum()})
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			n.put(m, temporal(m.ExponentialHistogram().AggregationTemporality()), !p.HasSum(), p.Attributes(), p.Flags(), point{int64(p.Timestamp()), int64(p.StartTimestamp()), float64(p.Count()), p.Sum()})
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			n.put(m, counter, false, p.Attributes(), p.Flags(), point{int64(p.Timestamp()), int64(p.StartTimestamp()), float64(p.Count()), p.Sum()})
		}
	}
}

func temporal(t pmetric.AggregationTemporality) shape {
	if t == pmetric.AggregationTemporalityDelta {
		return steps
	}
	return counter
}

func (n *nodeMetrics) numbers(m pmetric.Metric, kind shape, list pmetric.NumberDataPointSlice) {
	for _, p := range list.All() {
		v := p.DoubleValue()
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			v = float64(p.IntValue())
		}
		n.put(m, kind, true, p.Attributes(), p.Flags(), point{at: int64(p.Timestamp()), start: int64(p.StartTimestamp()), value: v})
	}
}

// put adds a point to its series.
func (n *nodeMetrics) put(m pmetric.Metric, kind shape, noSum bool, attrs pcommon.Map, flags pmetric.DataPointFlags, p point) {
	if p.at < n.from || p.at >= n.to || *n.left == 0 {
		if p.at >= n.from && p.at < n.to {
			n.lost++
		}
		return
	}
	if flags.NoRecordedValue() {
		if kind != asIs {
			return
		}
		p.value = math.NaN()
	}
	*n.left--
	whole := m.Type() != pmetric.MetricTypeGauge && m.Type() != pmetric.MetricTypeSum
	labels := n.labels(attrs)
	n.key = append(n.key[:0], m.Name()...)
	n.key = append(n.key, 0, byte(kind))
	for _, l := range labels {
		n.key = append(append(append(append(n.key, 0), l[0]...), 0), l[1]...)
	}
	s := n.by[string(n.key)]
	if s == nil {
		s = &series{metric: strings.Clone(m.Name()), unit: m.Unit(), shape: kind, whole: whole, noSum: noSum, attrs: make(map[string]string, len(labels))}
		for _, l := range labels {
			s.attrs[strings.Clone(l[0])] = strings.Clone(l[1])
		}
		n.by[string(n.key)] = s
	}
	s.points = append(s.points, p)
}

// maxLabels bounds the attributes of a data point that count.
const maxLabels = 32

// labels are the attributes of a data point in order of their names; valid until
// the next call.
func (n *nodeMetrics) labels(m pcommon.Map) [][2]string {
	n.pairs = n.pairs[:0]
	for k, v := range m.All() {
		if text := v.AsString(); k != "" && text != "" && len(n.pairs) < maxLabels {
			n.pairs = append(n.pairs, [2]string{k, text})
		}
	}
	slices.SortFunc(n.pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return n.pairs
}
