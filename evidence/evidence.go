// Package evidence computes the numbers that evidence states, and computes
// them again from the raw files of a bundle to check that a text says what the
// data says. Every number printed in an evidence text is a Number with a Stat
// of this package, the bundle member it comes from and the windows it covers.
//
// Three parts: a Scorer measures how one metric moved against its baseline
// (Change); Of, Derived and Format make numbers and print them; Check reads the
// raw files with code of its own and says of every claim whether it holds.
package evidence

import "triagent/incident"

// The computations. Samples are those of File (and Column) that lie in any of
// the Number's Windows, all if it has none; gaps (NaN) are left out unless said
// otherwise. A statistic of no sample is NaN, a count of none is 0.
const (
	Median    incident.Stat = "median"     // metric: median of the samples
	Quantile  incident.Stat = "quantile"   // metric: quantile Arg (0..1), linear interpolation
	Min       incident.Stat = "min"        // metric
	Max       incident.Stat = "max"        // metric
	Top       incident.Stat = "top"        // metric: the Arg-th largest sample, from 1
	Bottom    incident.Stat = "bottom"     // metric: the Arg-th smallest sample, from 1
	Samples   incident.Stat = "samples"    // metric: how many samples are not gaps
	Gaps      incident.Stat = "gaps"       // metric: how many rows have no sample
	RateQ     incident.Stat = "rate_q"     // metric: quantile Arg of the per-second increases of a counter, each at its later sample
	Records   incident.Stat = "records"    // log: how many records match template Column (all if empty) and Arg, see LevelArg and NamesArg
	SpanCount incident.Stat = "span_count" // trace: how many spans Column selects, by their start
	SpanQ     incident.Stat = "span_q"     // trace: quantile Arg of the durations in ms of the spans Column selects
	SpanFail  incident.Stat = "span_fail"  // trace: how many spans that Column selects failed
	SpanSum   incident.Stat = "span_sum"   // trace: sum of the attribute Arg, where it is a number from 0 on, over the spans Column selects
	Lines     incident.Stat = "lines"      // any member: how many lines it has
	Led       incident.Stat = "led"        // topology: how many groups the node Column led at the start of the one window
	Joined    incident.Stat = "joined"     // topology: of how many it led or followed in then
	Ratio     incident.Stat = "ratio"      // derived: one Number of the same evidence by another; Arg is "name/name"
	Share     incident.Stat = "share"      // derived: 100 times such a ratio, in percent
)

// What the Arg of Records may begin with; without an Arg every record counts. A
// record without a time counts at the time of the latest before it in its file.
const (
	// LevelArg is followed by WARN or ERROR: records of that level; ERROR takes in FATAL.
	LevelArg = "level="
	// NamesArg is followed by a node: records of level WARN or above in which
	// the node's ID, or its host if no other node has it, stands as a word of
	// letters, digits, '.', '-' and '_'.
	NamesArg = "names="
)

// UnitOf is the unit that a number of evidence in unit is printed in: that of
// the evidence for a metric, "ms" for durations of spans, none for counts.
func UnitOf(stat incident.Stat, unit string) string {
	switch stat {
	case Median, Quantile, Min, Max, Top, Bottom:
		return unit
	case RateQ:
		return PerSecond(unit)
	case SpanQ:
		return "ms"
	case Share:
		return "percent"
	}
	return ""
}

// PerSecond is the unit of the increase a second of a counter in unit, which
// may already say so.
func PerSecond(unit string) string {
	n := len(unit)
	switch {
	case unit == "" || unit == "count":
		return "1/s"
	case n > 2 && unit[n-2:] == "/s":
		return unit
	}
	return unit + "/s"
}
