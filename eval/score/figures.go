package score

import (
	"encoding/json"
	"math"
	"slices"
)

// Figure is one number of a report.
type Figure struct {
	Key  string // stable, as "node_ac1"
	Name string // for people
	Unit string // "": a share of 1
	N    int    // rows that it rests on
	// Value, Low and High: the figure and its 95 % interval, by bootstrap, or by
	// Wilson where all cases of a proportion agree; NaN where there is none.
	Value, Low, High float64
}

// MarshalJSON writes missing numbers as null.
func (f Figure) MarshalJSON() ([]byte, error) {
	return json.Marshal(figureJSON{f.Key, f.Name, f.Unit, f.N, orNull(f.Value), orNull(f.Low), orNull(f.High)})
}

// UnmarshalJSON reads null as a missing number.
func (f *Figure) UnmarshalJSON(b []byte) error {
	var j figureJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*f = Figure{j.Key, j.Name, j.Unit, j.N, orNaN(j.Value), orNaN(j.Low), orNaN(j.High)}
	return nil
}

type figureJSON struct {
	Key   string   `json:"key"`
	Name  string   `json:"name"`
	Unit  string   `json:"unit,omitempty"`
	N     int      `json:"n"`
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

func orNull(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

type definition struct {
	key, name, unit string
	measure         Measure
}

// over is the mean of a value that some rows have. It remembers the value of
// each row, for resampling; so rows must not change under it, and it is for one
// goroutine.
func over(f func(r *Row) (float64, bool)) Measure {
	type known struct {
		v  float64
		ok bool
	}
	memo := map[*Row]known{}
	return func(rows []*Row) (float64, int, bool) {
		sum, n := 0.0, 0
		for _, r := range rows {
			k, seen := memo[r]
			if !seen {
				k.v, k.ok = f(r)
				memo[r] = k
			}
			if k.ok {
				sum += k.v
				n++
			}
		}
		return sum / float64(max(n, 1)), n, n > 0
	}
}

func place(by func(*Row) (Place, bool), value func(Place) float64) Measure {
	return over(func(r *Row) (float64, bool) {
		p, ok := by(r)
		return value(p), ok
	})
}

func places(prefix, what string, by func(*Row) (Place, bool)) []definition {
	return []definition{
		{prefix + "_ac1", what + " AC@1", "", place(by, func(p Place) float64 { return p.AC[0] })},
		{prefix + "_ac3", what + " AC@3", "", place(by, func(p Place) float64 { return p.AC[2] })},
		{prefix + "_ac5", what + " AC@5", "", place(by, func(p Place) float64 { return p.AC[4] })},
		{prefix + "_avg5", what + " Avg@5", "", place(by, Place.Avg5)},
		{prefix + "_mrr", what + " MRR", "", place(by, func(p Place) float64 { return p.MRR })},
	}
}

// detection wraps a figure of the fourfold table. It needs healthy cases: without
// them there is no figure, whatever the alarms were. The rate of false alarms is
// the exception that rests on healthy cases alone.
func detection(f func(counts) (float64, bool)) Measure {
	return func(rows []*Row) (float64, int, bool) {
		c := alarms(rows)
		v, ok := f(c)
		return v, c.healthy() + c.faulty(), ok && c.healthy() > 0
	}
}

func definitions() []definition {
	out := []definition{
		{"detect_precision", "detection precision", "", detection(counts.precision)},
		{"detect_recall", "detection recall", "", detection(counts.recall)},
		{"detect_f1", "detection F1", "", detection(counts.f1)},
		{"detect_balanced", "detection balanced accuracy", "", detection(counts.balanced)},
		{"always_f1", "always-faulty F1", "", detection(counts.always)},
		{"false_alarms", "false alarms", "per hour", detection(counts.falseAlarmsPerHour)},
		{"detect_node_f1", "detection F1 by node", "", func(rows []*Row) (float64, int, bool) {
			t := nodeAlarms(rows)
			return t.f1(), len(rows), t.tp+t.fn > 0 && alarms(rows).healthy() > 0
		}},
	}
	out = append(out, places("node", "node", (*Row).NodePlace)...)
	out = append(out, places("service", "service", (*Row).ServicePlace)...)
	return append(out, diagnosisDefinitions()...)
}

func diagnosisDefinitions() []definition {
	tallied := func(f func([]*Row) map[string]tally, value func(map[string]tally) float64) Measure {
		return func(rows []*Row) (float64, int, bool) {
			m := f(rows)
			n := 0
			for _, t := range m {
				n += t.tp + t.fn
			}
			return value(m), n, n > 0
		}
	}
	return []definition{
		{"type_macro_f1", "type macro-F1", "", tallied(typeTallies, macro)},
		{"type_micro_f1", "type micro-F1", "", tallied(typeTallies, micro)},
		{"type_macro_f1_coarse", "type macro-F1, code faults as one", "", coarse(tallied(typeTallies, macro))},
		{"label_macro_f1", "label macro-F1", "", tallied(labelTallies, macro)},
		{"type_top3", "faults in the top 3", "", over(func(r *Row) (float64, bool) { return r.TopFaults(3) })},
		{"strict_precision", "diagnosis precision", "", tallied(strictTallies, func(m map[string]tally) float64 { t := total(m); v, _ := share(t.tp, t.tp+t.fp); return v })},
		{"strict_recall", "diagnosis recall", "", tallied(strictTallies, func(m map[string]tally) float64 { t := total(m); v, _ := share(t.tp, t.tp+t.fn); return v })},
		{"strict_recall_coarse", "diagnosis recall, code faults as one", "", coarse(over(func(r *Row) (float64, bool) { right, ok := r.Strict(); return truth(right), ok }))},
		{"strict_macro_f1", "diagnosis macro-F1", "", tallied(strictTallies, macro)},
		{"iou", "window IoU", "", over(func(r *Row) (float64, bool) { return orZero(r.IoU), r.IoU != nil })},
		{"iou_half", "window IoU >= .5", "", over(func(r *Row) (float64, bool) { return truth(orZero(r.IoU) >= .5), r.IoU != nil })},
		{"onset_within", "onset within 30 s", "", over((*Row).onsetWithin)},
		{"onset_error", "onset error, median", "s", onsetError},
		{"ece", "calibration error (ECE)", "", ece},
		{"brier", "Brier score", "", brier},
		{"sure_right", "right among answers >= .8", "", sureRight},
		{"sure_wrong", "wrong and >= .8", "", over((*Row).sureWrong)},
		{"roles", "roles all right", "", over(func(r *Row) (float64, bool) { return truth(r.RolesRight == r.RolesAsked), r.RolesAsked > 0 })},
		{"parsed", "log records all parsed", "", over(func(r *Row) (float64, bool) { return truth(r.Parsed == r.Records), r.Records > 0 })},
		{"sound", "sound claims", "", func(rows []*Row) (float64, int, bool) {
			good, all := 0, 0
			for _, r := range rows {
				good, all = good+r.Sound, all+r.Claims
			}
			v, ok := share(good, all)
			return v, all, ok
		}},
		{"rejected", "names a rejected alternative", "", over(func(r *Row) (float64, bool) { return truth(r.Rejected), !r.Healthy })},
		{"wall_ms", "wall time, mean", "ms", over(func(r *Row) (float64, bool) { return r.WallMS, r.Error == "" })},
		{"cpu_ms", "CPU time, mean", "ms", over(func(r *Row) (float64, bool) { return r.CPUMS, r.Error == "" && r.CPUMS > 0 })},
		{"peak_mb", "peak memory, largest", "MB", func(rows []*Row) (float64, int, bool) {
			var peak int64
			for _, r := range rows {
				peak = max(peak, r.PeakBytes)
			}
			return float64(peak) / 1e6, len(rows), peak > 0
		}},
		{"model_calls", "model calls a case", "calls", over(func(r *Row) (float64, bool) { return float64(r.Calls), r.Calls > 0 })},
		{"tokens", "tokens a case", "tokens", over(func(r *Row) (float64, bool) { return float64(r.Prompt + r.Answer), r.Calls > 0 })},
		{"usd", "cost a case", "USD", over(func(r *Row) (float64, bool) { return r.USD, r.Calls > 0 })},
	}
}

func total(m map[string]tally) tally {
	var t tally
	for _, v := range m {
		t = tally{t.tp + v.tp, t.fp + v.fp, t.fn + v.fn}
	}
	return t
}

func micro(m map[string]tally) float64 { return total(m).f1() }

func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Figures computes every figure that the rows allow, in a fixed order, with
// intervals.
func Figures(rows []*Row, seed uint64) []Figure { return figures(rows, seed, definitions()) }

func figures(rows []*Row, seed uint64, defs []definition) []Figure {
	var out []Figure
	var measures []Measure
	for _, d := range defs {
		v, n, ok := d.measure(rows)
		if !ok {
			continue
		}
		out = append(out, Figure{Key: d.key, Name: d.name, Unit: d.unit, N: n, Value: v})
		measures = append(measures, d.measure)
	}
	low, high := Bootstrap(rows, seed, measures)
	proportions := counted()
	for i := range out {
		out[i].Low, out[i].High = low[i], high[i]
		widen(&out[i], rows, proportions[out[i].Key])
	}
	return out
}

// Find returns the figure of the given key; ok is false if there is none.
func Find(fs []Figure, key string) (Figure, bool) {
	i := slices.IndexFunc(fs, func(f Figure) bool { return f.Key == key })
	if i < 0 {
		return Figure{}, false
	}
	return fs[i], true
}

// PlaceFigures computes only the figures of places: what a ranker that knows no
// faults can be scored on.
func PlaceFigures(rows []*Row, seed uint64) []Figure {
	return figures(rows, seed, append(places("node", "node", (*Row).NodePlace), places("service", "service", (*Row).ServicePlace)...))
}
