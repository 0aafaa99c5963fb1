package evidence

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/incident"
)

// Of computes a metric Stat of one column: times are Unix nanoseconds,
// ascending, values has one entry for each, NaN for a gap. Rows in any of
// windows count, all if there are none. arg is the parameter of Quantile, RateQ
// (0..1), Top and Bottom (from 1). The result is NaN for a stat that is none of
// a metric, a parameter that does not parse, and where there is no such sample.
func Of(stat incident.Stat, times []int64, values []float64, windows []incident.Window, arg string) float64 {
	if stat == RateQ {
		values = rates(make([]float64, 0, len(values)), times, values)
	}
	var picked []float64
	gaps := 0
	for i, t := range times {
		switch {
		case !within(t, windows):
		case math.IsNaN(values[i]):
			gaps++
		default:
			picked = append(picked, values[i])
		}
	}
	switch stat {
	case Samples:
		return float64(len(picked))
	case Gaps:
		return float64(gaps)
	}
	slices.Sort(picked)
	return ofSorted(stat, picked, arg)
}

// ofSorted is the part of Of after the samples are picked and sorted.
func ofSorted(stat incident.Stat, x []float64, arg string) float64 {
	switch stat {
	case Median:
		return quantileSorted(x, .5)
	case Min:
		return quantileSorted(x, 0)
	case Max:
		return quantileSorted(x, 1)
	case Quantile, RateQ:
		if q, err := strconv.ParseFloat(arg, 64); err == nil {
			return quantileSorted(x, q)
		}
	case Top, Bottom:
		k, err := strconv.Atoi(arg)
		if err != nil || k < 1 || k > len(x) {
			return math.NaN()
		}
		if stat == Top {
			return x[len(x)-k]
		}
		return x[k-1]
	}
	return math.NaN()
}

// within reports whether t, in Unix nanoseconds, lies in any of windows; true
// if there are none.
func within(t int64, windows []incident.Window) bool {
	if len(windows) == 0 {
		return true
	}
	for _, w := range windows {
		if w.IsZero() || (t >= w.From.UnixNano() && t < w.To.UnixNano()) {
			return true
		}
	}
	return false
}

// Derived computes Ratio or Share from the named numbers of the same evidence;
// arg is "name/name". NaN if a name is missing, itself derived or divided by 0.
func Derived(stat incident.Stat, numbers []incident.Number, arg string) float64 {
	a, b, ok := strings.Cut(arg, "/")
	if !ok || (stat != Ratio && stat != Share) {
		return math.NaN()
	}
	find := func(name string) float64 {
		for _, n := range numbers {
			if n.Name == name && n.Stat != Ratio && n.Stat != Share {
				return n.Value
			}
		}
		return math.NaN()
	}
	v := find(a) / find(b)
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	if stat == Share {
		v *= 100
	}
	return v
}

// Numbers makes the recipes of what a Change says, in the order baseline median
// ("before"), window median ("after"), peak ("peak"), of a metric column of
// file; window is the frame's. Numbers that are NaN are left out. For a series
// that went silent or appeared they are counts of samples instead: "before" and
// "after".
func (c *Change) Numbers(file, column string, window incident.Window, m Meaning) []incident.Number {
	make1 := func(name string, v float64, stat incident.Stat, arg string, windows []incident.Window) incident.Number {
		return incident.Number{Name: name, Value: v, Stat: stat, File: file, Column: column, Windows: windows, Arg: arg}
	}
	in := []incident.Window{window}
	if c.Direction == incident.Gone || c.Direction == incident.New {
		return []incident.Number{
			make1("before", float64(c.BaselineSamples), Samples, "", c.Baseline),
			make1("after", float64(c.Samples), Samples, "", in),
		}
	}
	stat, half := Median, ""
	peak, rank := Top, strconv.Itoa(c.Rank)
	if c.Score < 0 {
		peak = Bottom
	}
	if m.Counter {
		stat, half, peak = RateQ, "0.5", RateQ
		at := float64(c.Rank-1) / max(1, float64(c.Samples-1))
		if c.Score >= 0 {
			at = float64(c.Samples-c.Rank) / max(1, float64(c.Samples-1))
		}
		rank = strconv.FormatFloat(at, 'g', -1, 64)
	}
	numbers := []incident.Number{
		make1("before", c.BaselineMedian, stat, half, c.Baseline),
		make1("after", c.WindowMedian, stat, half, in),
		make1("peak", c.WindowPeak, peak, rank, in),
	}
	return slices.DeleteFunc(numbers, func(n incident.Number) bool { return math.IsNaN(n.Value) })
}

// Clock is how evidence prints a moment: the time of day in UTC, "" if unknown.
func Clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("15:04:05")
}
