package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"triagent/incident"
)

// The days of Nezha hold faults that its list does not name, and listed ones show
// before their stamp. What looks like either is told in the manifest, so that an
// alarm then can be told from a false one.
const (
	unlistedColumn = "CpuUsageRate(%)"
	unlistedShare  = .5               // of the usual rise of a listed fault; a quarter finds the same
	unlistedRows   = 2                // samples in a row
	unlistedAround = 60 * time.Second // a sample before and after
	stampLate      = 70 * time.Second // what is injected shows up to so long before its stamp
)

// doubts lists the stretches outside every listed fault that may hold one, in
// order of time: those in which a pod uses as much CPU, as long, as it does in a
// listed CPU fault, and the time right before each listed fault.
func (d *nezhaDay) doubts() []Doubt {
	var out []Doubt
	for _, f := range d.faults {
		out = append(out, Doubt{From: f.at.Add(-stampLate), To: f.at, Why: "a listed fault shows before its stamp"})
	}
	least, cpus := unlistedShare*d.usualRise(), d.cpus()
	for _, c := range cpus {
		for i := 0; i < len(c.at); {
			j := i
			for j < len(c.at) && c.rise(j) >= least {
				j++
			}
			if j-i >= unlistedRows && slices.ContainsFunc(c.at[i:j], d.healthy) {
				out = append(out, Doubt{
					From: time.Unix(0, c.at[i]).UTC().Add(-unlistedAround), To: time.Unix(0, c.at[j-1]).UTC().Add(unlistedAround),
					Why: fmt.Sprintf("CPU of %s is up as in a listed fault", c.pod),
				})
			}
			i = max(i+1, j)
		}
	}
	slices.SortStableFunc(out, func(a, b Doubt) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return out
}

// usualRise is the median, over the listed CPU faults, of how far the CPU of the
// pod rises above its median in what is left out as the fault; without any it is infinite.
func (d *nezhaDay) usualRise() float64 {
	var rises []float64
	for _, c := range d.cpus() {
		for _, f := range d.faults {
			if f.pod != c.pod || f.label != "cpu_contention" && f.label != "cpu_consumed" {
				continue
			}
			most := 0.0
			for i, at := range c.at {
				if w := (incident.Window{From: f.at, To: f.at.Add(nezhaOut)}); w.Contains(time.Unix(0, at)) {
					most = max(most, c.rise(i))
				}
			}
			rises = append(rises, most)
		}
	}
	if len(rises) == 0 {
		return math.Inf(1)
	}
	slices.Sort(rises)
	return rises[len(rises)/2]
}

// podCPU is the CPU of a pod in percent of its limit, by time.
type podCPU struct {
	pod    string
	at     []int64 // Unix nanoseconds
	use    []float64
	median float64
}

func (c *podCPU) rise(i int) float64 { return c.use[i] - c.median }

// cpus reads the CPU of all pods that have it.
func (d *nezhaDay) cpus() []podCPU {
	var out []podCPU
	for _, t := range d.metrics {
		col := slices.Index(t.header, unlistedColumn)
		if col < 0 {
			continue
		}
		by := map[int64]float64{}
		for i, row := range t.rows {
			if v, err := strconv.ParseFloat(row[col], 64); err == nil && !math.IsNaN(v) {
				by[t.times[i]] = v
			}
		}
		c := podCPU{pod: t.pod}
		for at := range by {
			c.at = append(c.at, at)
		}
		slices.Sort(c.at)
		for _, at := range c.at {
			c.use = append(c.use, by[at])
		}
		if len(c.use) == 0 {
			continue
		}
		sorted := slices.Sorted(slices.Values(c.use))
		c.median = sorted[len(sorted)/2]
		out = append(out, c)
	}
	return out
}
