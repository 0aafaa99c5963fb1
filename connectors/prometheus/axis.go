package prometheus

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// gap is what stands where there is no sample.
var gap = math.NaN()

// axis is when a node was scraped: the times of the first of its targets' samples
// of up. All that is told of the node is put there. Where it was not scraped
// though the server was at work, there are times as well: without them nobody
// would see that it is gone.
type axis struct {
	times  []int64
	every  time.Duration // usual distance of the samples that are put there
	bridge time.Duration // two samples of a counter that are farther apart give no rate
	step   time.Duration // of a grid; 0: as scraped
}

// newAxis makes the axis for the samples of a target.
func newAxis(times []int64, every, step time.Duration) axis {
	every = max(every, step)
	return axis{times: times, every: every, step: step, bridge: every * 5 / 2}
}

func (a axis) place(times []int64, values []float64) []float64 {
	return place(times, values, a.times, a.every)
}

// last is the query that gives what was fetched of a series.
func (a axis) last(series string) string {
	if a.step == 0 {
		return series
	}
	return "last_over_time(" + series + "[" + duration(short(a.step)) + "])"
}

// short is a range of one step that does not reach the sample at its beginning:
// that belongs to the step before, and Prometheus 2 counts it in.
func short(step time.Duration) time.Duration { return step - time.Millisecond }

// rate is the query that gives the rate of a series.
func (a axis) rate(series string) string {
	if a.step == 0 {
		return "irate(" + series + "[" + duration(a.bridge) + "])"
	}
	return "irate(" + a.last(series) + "[" + duration(a.bridge) + ":" + duration(a.step) + "])"
}

// number writes a factor.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// typical is the usual distance of times, rounded to what people configure; 0:
// there are not two times.
func typical(times []int64) time.Duration {
	if len(times) < 2 {
		return 0
	}
	gaps := make([]int64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1] - times[i]
	}
	slices.Sort(gaps)
	d := time.Duration(gaps[len(gaps)/2])
	if r := d.Round(time.Second); r > 0 && (d-r).Abs() < r/20 {
		return r
	}
	return max(d.Round(time.Millisecond), time.Millisecond)
}

// fill completes the times of a target by those at which it should have been
// scraped and was not: wherever two follow one another with a hole, before the
// first and after the last, as long as the server was alive.
func fill(times []int64, every time.Duration, alive func(at int64) bool, from, to int64) []int64 {
	step := every.Nanoseconds()
	if step <= 0 || len(times) == 0 {
		return times
	}
	out := make([]int64, 0, len(times))
	hole := func(after, before int64) { // exclusive
		for at := after + step; at < before-step/2; at += step {
			if alive(at) {
				out = append(out, at)
			}
		}
	}
	first := times[0]
	hole(first-(first-from)/step*step-step, first)
	for i, at := range times {
		out = append(out, at)
		if i+1 < len(times) {
			hole(at, times[i+1])
		}
	}
	hole(times[len(times)-1], to+step/2)
	return out
}

// place puts samples on an axis: each at the first scrape that is not before it,
// and not later than within; where several fall together the last counts. A time
// without a sample is NaN.
func place(times []int64, values []float64, axis []int64, within time.Duration) []float64 {
	out := make([]float64, len(axis))
	for i := range out {
		out[i] = math.NaN()
	}
	at := 0
	for i, t := range times {
		for at < len(axis) && axis[at] < t {
			at++
		}
		if at == len(axis) {
			break
		}
		if axis[at]-t <= within.Nanoseconds() {
			out[at] = values[i]
		}
	}
	return out
}

// rate is the increase a second of a counter since its sample before, at the
// time of each sample: NaN for the first, and where the one before is longer ago
// than within. A counter that fell began anew at zero.
func rate(times []int64, values []float64, within time.Duration) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.NaN()
		if i == 0 || times[i]-times[i-1] > within.Nanoseconds() {
			continue
		}
		rise := v - values[i-1]
		if rise < 0 {
			rise = v
		}
		out[i] = rise / (float64(times[i]-times[i-1]) / 1e9)
	}
	return out
}
