package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// promise is what the largest bundle may take, and how it is measured.
type promise struct {
	wall        time.Duration
	mb          int
	procs, runs int
}

// figures are what a diagnosis of a size took.
type figures struct {
	size
	wall, cpu time.Duration
	peak      int64 // bytes
	node      string
}

// String is a row of the table, with a bar for the processor time.
func (f figures) String() string {
	bar := strings.Repeat("#", int(math.Ceil(f.cpu.Seconds()*4)))
	return fmt.Sprintf("%5d %7d %5.3g %8.1fM %7.2fs %7.2fs %6d M  %s", f.nodes, f.metrics, f.hours, float64(f.samples())/1e6,
		f.wall.Seconds(), f.cpu.Seconds(), f.peak>>20, bar[:min(len(bar), 60)])
}

// run diagnoses a bundle in processes of its own; the fastest counts.
func (p promise) run(program, bundle string, s size) (best figures, err error) {
	for i := range p.runs {
		c := exec.CommandContext(context.Background(), program, "diagnose", "--format", "json", "--progress", "none", bundle)
		if p.procs > 0 {
			c.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(p.procs))
		}
		c.Stderr = os.Stderr
		began := time.Now()
		out, err := c.Output()
		if err != nil {
			return best, fmt.Errorf("%s: %w", program, err)
		}
		f := figures{size: s, wall: time.Since(began), cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
		var d struct {
			Causes []struct {
				Node string `json:"node"`
			} `json:"causes"`
			Cost struct {
				Peak int64 `json:"peak_bytes"`
			} `json:"cost"`
		}
		if err := json.Unmarshal(out, &d); err != nil {
			return best, fmt.Errorf("read the diagnosis: %w", err)
		}
		f.peak = d.Cost.Peak
		if len(d.Causes) > 0 {
			f.node = d.Causes[0].Node
		}
		if i > 0 {
			f.wall, f.cpu, f.peak = min(f.wall, best.wall), min(f.cpu, best.cpu), max(f.peak, best.peak)
		}
		best = f
	}
	return best, nil
}

// slack is how much faster than the data the processor time may grow, over an
// eightfold growth: its start, which does not grow, speaks for the program.
const slack = 1.25

// judge holds the last figures, which are those of the largest, against what is
// promised, and all others against them.
func (p promise) judge(all []figures) error {
	most := all[len(all)-1]
	if most.wall > p.wall {
		return fmt.Errorf("the largest took %v, and %v is promised", most.wall.Round(time.Millisecond), p.wall)
	}
	if most.peak > int64(p.mb)<<20 {
		return fmt.Errorf("the largest took %d MB, and %d is promised", most.peak>>20, p.mb)
	}
	for _, f := range all {
		if f.node != nodeID(culprit) {
			return fmt.Errorf("of %d nodes and %g hours %q was named, not %s", f.nodes, f.hours, f.node, nodeID(culprit))
		}
		growth, data := most.cpu.Seconds()/f.cpu.Seconds(), float64(most.samples())/float64(f.samples())
		if growth > slack*data {
			return fmt.Errorf("%.1f times the data of %d nodes and %g hours took %.1f times the time", data, f.nodes, f.hours, growth)
		}
	}
	return nil
}
