package prometheus

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
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
	left     []string // targets that watch and were left out, sorted
}

// and puts what two answers say together.
func (n notes) and(m notes) notes {
	return notes{append(slices.Clone(n.warnings), m.warnings...), n.partial || m.partial, append(slices.Clone(n.left), m.left...)}
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

// clip makes foreign text fit for a line.
func clip(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
