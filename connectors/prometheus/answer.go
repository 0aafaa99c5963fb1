package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// series is one series of a matrix: its labels, the name among them, and its
// samples as they were answered.
type series struct {
	labels map[string]string
	times  []int64 // Unix nanoseconds, ascending
	values []float64
}

// wireSeries is a series on the wire. A native histogram has no values.
type wireSeries struct {
	Metric     map[string]string `json:"metric"`
	Values     samples           `json:"values"`
	Histograms histograms        `json:"histograms"`
}

// notes are what a server says beside its answer.
type notes struct {
	warnings []string // of what is missing in it
	partial  bool     // some of the servers behind it did not answer
}

// and puts what two answers say together.
func (n notes) and(m notes) notes {
	return notes{append(slices.Clone(n.warnings), m.warnings...), n.partial || m.partial}
}

// why says what is missing in an answer, each thing once, and not without end.
func (n notes) why() []string {
	var out []string
	if n.partial {
		out = append(out, "the server says that some of the stores behind it did not answer")
	}
	slices.Sort(n.warnings)
	for i, w := range slices.Compact(n.warnings) {
		if i == 5 {
			break
		}
		out = append(out, "the server says: "+clip(w, 300))
	}
	return out
}

// readMatrix reads the answer to a query, calls each for every series of it as
// it comes and keeps none: an answer of any length takes the memory of its
// longest series.
func readMatrix(r io.Reader, each func(wireSeries) error) (notes, error) {
	d := json.NewDecoder(r)
	var n notes
	status := ""
	err := fields(d, func(key string) (err error) {
		switch key {
		case "status":
			return d.Decode(&status)
		case "data":
			return fields(d, func(key string) error { return readData(d, key, each) })
		case "warnings", "infos":
			var said []string
			err = d.Decode(&said)
			n.warnings = append(n.warnings, said...)
			return err
		case "isPartial":
			return d.Decode(&n.partial)
		}
		return skip(d)
	})
	if err == nil && status != "success" {
		err = notLike("a query", status)
	}
	return n, err
}

// readData reads a field of the answer's data. The type stands before the
// result in all servers that are known.
func readData(d *json.Decoder, key string, each func(wireSeries) error) error {
	switch key {
	case "resultType":
		var kind string
		if err := d.Decode(&kind); err != nil {
			return err
		}
		if kind != "matrix" {
			return fmt.Errorf("it gives a %.20q where a matrix is asked for", kind)
		}
		return nil
	case "result":
		return items(d, func() error {
			var s wireSeries
			if err := d.Decode(&s); err != nil {
				return err
			}
			return each(s)
		})
	}
	return skip(d)
}

// fields walks over a JSON object; field reads the value.
func fields(d *json.Decoder, field func(key string) error) error {
	t, err := d.Token()
	if err != nil || t == nil {
		return err // null is an empty object
	}
	if t != json.Delim('{') {
		return fmt.Errorf("%v stands where an object belongs", t)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if err := field(name); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// items walks over a JSON array; item reads one.
func items(d *json.Decoder, item func() error) error {
	t, err := d.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return fmt.Errorf("%v stands where an array belongs", t)
	}
	for d.More() {
		if err := item(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func skip(d *json.Decoder) error {
	var any json.RawMessage
	return d.Decode(&any)
}

// samples are pairs of a time and a value. They are read by hand: there are many.
type samples struct {
	times  []int64
	values []float64
}

// UnmarshalJSON reads [[1795226917.448,"1.5"],...].
func (s *samples) UnmarshalJSON(text []byte) error {
	// A pair has some 25 bytes.
	s.times, s.values = make([]int64, 0, len(text)/24), make([]float64, 0, len(text)/24)
	rest := bytes.TrimPrefix(bytes.TrimSpace(text), []byte("["))
	for {
		when, value, after, ok := cutPair(rest)
		if !ok {
			break
		}
		rest = after
		t, err := instant(when)
		if err != nil {
			return err
		}
		v, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return fmt.Errorf("the value %.40q is no number", value)
		}
		if math.IsInf(v, 0) { // nothing can be counted with it
			v = math.NaN()
		}
		if n := len(s.times); n > 0 && t <= s.times[n-1] {
			return errors.New("its samples are not in the order of time")
		}
		s.times, s.values = append(s.times, t), append(s.values, v)
	}
	if bytes.ContainsAny(rest, `[{"`) {
		return errors.New("a sample is no pair of a time and a text")
	}
	return nil
}

// cutPair takes the next [time,"value"] off the rest of an array that is known
// to be good JSON; false: there is none.
func cutPair(text []byte) (when, value, rest []byte, ok bool) {
	_, rest, _ = bytes.Cut(text, []byte("["))
	when, rest, _ = bytes.Cut(rest, []byte(","))
	between, rest, _ := bytes.Cut(rest, []byte(`"`))
	if len(bytes.TrimSpace(between)) > 0 {
		return nil, nil, text, false
	}
	value, rest, ok = bytes.Cut(rest, []byte(`"`))
	if !ok {
		return nil, nil, text, false
	}
	return bytes.TrimSpace(when), value, rest, true
}

// instant reads Unix seconds with up to nine decimals, exactly.
func instant(text []byte) (int64, error) {
	var whole, part int64
	scale := int64(1e9)
	dot := false
	for _, c := range text {
		switch {
		case c == '.' && !dot:
			dot = true
		case c < '0' || c > '9' || whole > 1<<33:
			f, err := strconv.ParseFloat(string(text), 64)
			if err != nil || math.Abs(f) > 1<<33 {
				return 0, fmt.Errorf("the time %.40q is no Unix time", text)
			}
			return int64(math.Round(f*1e3)) * 1e6, nil
		case !dot:
			whole = whole*10 + int64(c-'0')
		case scale > 1:
			scale /= 10
			part += int64(c-'0') * scale
		}
	}
	return whole*1e9 + part, nil
}

// histograms are the samples of a native histogram as far as they are used.
type histograms struct {
	times       []int64
	count, sums []float64
}

// UnmarshalJSON reads [[1795226917.448,{"count":"3","sum":"1.5","buckets":[]}],...].
func (h *histograms) UnmarshalJSON(text []byte) error {
	var all [][2]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, pair := range all {
		var v struct {
			Count float64 `json:"count,string"`
			Sum   float64 `json:"sum,string"`
		}
		t, err := instant(pair[0])
		if err != nil {
			return err
		}
		if err := json.Unmarshal(pair[1], &v); err != nil {
			return err
		}
		h.times, h.count, h.sums = append(h.times, t), append(h.count, v.Count), append(h.sums, v.Sum)
	}
	return nil
}

// series are the series that an answer's one holds: itself, or the sum and the
// count of a native histogram.
func (w *wireSeries) series() []*series {
	var out []*series
	if len(w.Values.times) > 0 {
		out = append(out, &series{labels: w.Metric, times: w.Values.times, values: w.Values.values})
	}
	if h := w.Histograms; len(h.times) > 0 {
		name := w.Metric["__name__"]
		part := func(suffix string, values []float64) *series {
			labels := maps.Clone(w.Metric)
			labels["__name__"] = name + suffix
			return &series{labels: labels, times: h.times, values: values}
		}
		out = append(out, part("_sum", h.sums), part("_count", h.count))
	}
	return out
}

// sample is the value of a pair of a time and a value.
type sample float64

// UnmarshalJSON reads [1795226917.448,"1.5"].
func (s *sample) UnmarshalJSON(text []byte) error {
	_, value, _, ok := cutPair(text)
	v, err := strconv.ParseFloat(string(value), 64)
	if !ok || err != nil {
		return fmt.Errorf("%.60q is no sample", text)
	}
	*s = sample(v)
	return nil
}

// clip makes foreign text fit for a line.
func clip(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
