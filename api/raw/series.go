package raw

import (
	"encoding/json"
	"math"
	"slices"
	"sort"
	"strconv"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// Number is a float that reads null where JSON has no number: a gap.
type Number float64

// MarshalJSON writes the shortest decimal that reads back as the same float.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; null is NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// NodeMetrics names what was measured on a node.
type NodeMetrics struct {
	Node    string   `json:"node"`
	Metrics []Metric `json:"metrics"`
}

// Metric is one metric of a node.
type Metric struct {
	Name string `json:"name"`
	Unit string `json:"unit" doc:"Empty: not known"`
}

// Series is one metric of a node, thinned for drawing.
type Series struct {
	Node      string   `json:"node"`
	Metric    string   `json:"metric"`
	Unit      string   `json:"unit"`
	Times     []int64  `json:"times" doc:"Unix milliseconds"`
	Values    []Number `json:"values" doc:"One per time; null is a gap"`
	Band      *Band    `json:"band" doc:"What normal looked like; null: not known"`
	Onset     *int64   `json:"onset" nullable:"true" doc:"Unix milliseconds when the change began; null: none was found"`
	PointsIn  int      `json:"points_in"`
	PointsOut int      `json:"points_out"`
}

// Band is where nine in ten samples of the baseline lie.
type Band struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Metrics lists what was measured, by node. Unit gives the unit of a metric of a
// service, "" if it does not know.
func Metrics(b *telemetry.Bundle, unit func(service, name string) string) []NodeMetrics {
	out := make([]NodeMetrics, 0, len(b.Tables))
	for i := range b.Tables {
		t := &b.Tables[i]
		n := NodeMetrics{Node: string(t.Node), Metrics: make([]Metric, len(t.Columns))}
		for j := range t.Columns {
			n.Metrics[j] = Metric{t.Columns[j].Name, unit(serviceOf(b, t.Node), t.Columns[j].Name)}
		}
		out = append(out, n)
	}
	return out
}

func serviceOf(b *telemetry.Bundle, id incident.NodeID) string {
	n, _ := b.Topology.Node(id)
	return n.Service
}

// SeriesOf returns metrics of a node, each with at most most points. A node or a
// metric that is not there gives kind errs.NotFound.
func SeriesOf(b *telemetry.Bundle, node string, metrics []string, most int, unit func(service, name string) string) ([]Series, error) {
	i := slices.IndexFunc(b.Tables, func(t telemetry.Table) bool { return string(t.Node) == node })
	if i < 0 {
		return nil, errs.New(errs.NotFound, "nothing was measured on this node")
	}
	t := &b.Tables[i]
	base := baseline(b.Incident, t)
	out := make([]Series, 0, len(metrics))
	for _, name := range metrics {
		c := t.Column(name)
		if c == nil {
			return nil, errs.New(errs.NotFound, "this metric was not measured on the node")
		}
		s := Series{Node: node, Metric: name, Unit: unit(serviceOf(b, t.Node), name), PointsIn: len(t.Times), Band: bandOf(t, c, base)}
		s.Times, s.Values = thin(t.Times, c.Values, most)
		s.PointsOut = len(s.Times)
		out = append(out, s)
	}
	return out, nil
}

// baseline is the stretch that normal is taken from: what the bundle says, or
// what was recorded before the window.
func baseline(inc incident.Incident, t *telemetry.Table) incident.Window {
	if !inc.Baseline.IsZero() || inc.Window.From.IsZero() || len(t.Times) == 0 {
		return inc.Baseline
	}
	return incident.Window{From: time.Unix(0, t.Times[0]), To: inc.Window.From}
}

// bandOf returns nil for fewer than eight samples.
func bandOf(t *telemetry.Table, c *telemetry.Column, w incident.Window) *Band {
	if w.IsZero() {
		return nil
	}
	from := sort.Search(len(t.Times), func(i int) bool { return t.Times[i] >= w.From.UnixNano() })
	to := sort.Search(len(t.Times), func(i int) bool { return t.Times[i] >= w.To.UnixNano() })
	var in []float64
	for _, v := range c.Values[from:max(from, to)] {
		if !math.IsNaN(v) {
			in = append(in, v)
		}
	}
	if len(in) < 8 {
		return nil
	}
	slices.Sort(in)
	at := func(q float64) float64 { return in[int(q*float64(len(in)-1)+0.5)] }
	return &Band{Low: at(0.05), High: at(0.95)}
}

// thin keeps at most most points: of each stretch the least and the greatest, in
// their order, so that no peak is lost; of a stretch without samples one gap.
// Times come as Unix nanoseconds and go as milliseconds.
func thin(times []int64, values []float64, most int) ([]int64, []Number) {
	n := len(times)
	most = max(most, 4)
	if n <= most {
		ts, vs := make([]int64, n), make([]Number, n)
		for i := range n {
			ts[i], vs[i] = times[i]/1e6, Number(values[i])
		}
		return ts, vs
	}
	stretches := most/2 - 1 // one for the ends
	ts, vs := make([]int64, 0, most), make([]Number, 0, most)
	add := func(i int) {
		ts, vs = append(ts, times[i]/1e6), append(vs, Number(values[i]))
	}
	add(0)
	for k := range stretches {
		from, to := 1+k*(n-2)/stretches, 1+(k+1)*(n-2)/stretches
		lo, hi := extremes(values, from, to)
		switch {
		case from >= to:
		case lo < 0:
			add(from)
		case lo == hi:
			add(lo)
		default:
			add(min(lo, hi))
			add(max(lo, hi))
		}
	}
	add(n - 1)
	return ts, vs
}

// extremes are the places of the least and the greatest value of a stretch, -1
// where all are gaps.
func extremes(values []float64, from, to int) (lo, hi int) {
	lo, hi = -1, -1
	for i := from; i < to; i++ {
		v := values[i]
		if math.IsNaN(v) {
			continue
		}
		if lo < 0 || v < values[lo] {
			lo = i
		}
		if hi < 0 || v > values[hi] {
			hi = i
		}
	}
	return lo, hi
}
