// Package evidence computes the numbers that evidence states, and computes
// them again from the raw files of a bundle to check that a text says what the
// data says. Every number printed in an evidence text is a Number with a Stat
// of this package, the bundle member it comes from and the window it covers.
package evidence

import "triagent/incident"

// The computations. Samples are those of File (and Column, and Window if not
// zero); gaps (NaN) are left out unless said otherwise.
const (
	Median    incident.Stat = "median"     // metric: median of the samples
	Quantile  incident.Stat = "quantile"   // metric: quantile Arg (0..1), linear interpolation
	Min       incident.Stat = "min"        // metric
	Max       incident.Stat = "max"        // metric
	Samples   incident.Stat = "samples"    // metric: how many samples are not gaps
	Gaps      incident.Stat = "gaps"       // metric: how many rows have no sample
	RateQ     incident.Stat = "rate_q"     // metric: quantile Arg of the per-second increases of a counter
	Records   incident.Stat = "records"    // log: how many records match template Column (all if empty)
	SpanCount incident.Stat = "span_count" // trace: how many spans Column selects
	SpanQ     incident.Stat = "span_q"     // trace: quantile Arg of the durations in ms of the spans Column selects
	SpanFail  incident.Stat = "span_fail"  // trace: how many spans that Column selects failed
	Lines     incident.Stat = "lines"      // any JSONL member: how many lines it has
)
