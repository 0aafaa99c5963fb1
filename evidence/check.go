package evidence

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// Report says how much of a diagnosis holds. A claim is a cause, a finding, a
// step of the reasoning, a rejected hypothesis or a step of the propagation; it
// holds if it cites evidence, all that it cites exists and all of that holds.
// A rejected hypothesis may cite nothing: it may rest on what was not seen. So
// may a cause that says no more than where to look first when there is no
// evidence at all: its fault unknown, its probability 0, the verdict inconclusive.
type Report struct {
	Claims, ClaimsHeld     int
	Evidence, EvidenceHeld int
	Numbers, NumbersHeld   int
	Problems               []Problem // those of claims first, then those of evidence, each in the diagnosis' order
}

// Held reports whether nothing is wrong.
func (r *Report) Held() bool { return len(r.Problems) == 0 }

// Problem is something in a diagnosis that its data does not bear out.
type Problem struct {
	Where  string // "E3", "F1", "cause 1", "step 2", "rejected 1", "propagation 1"
	Reason string // one sentence without a full stop
}

// String is the place and the reason.
func (p Problem) String() string { return p.Where + ": " + p.Reason }

// Check computes every number of a diagnosis again from the raw files of its
// bundle, with code that shares nothing with the agents but the reading of log
// headers, templates and selectors, and follows every citation. It works for a
// diagnosis in memory and for one read back from a file.
//
// Each member that evidence rests on is streamed once, whatever the number of
// claims. The Report is complete unless the error is not nil; what is wrong
// with the diagnosis is no error. A bundle that cannot be read gives the kind
// of error that telemetry gives.
func Check(ctx context.Context, b *telemetry.Bundle, d *incident.Diagnosis) (Report, error) {
	c := checker{b: b, d: d, files: map[string]*file{}, wrong: map[incident.EvidenceID]bool{}}
	c.r.Evidence = len(d.Evidence)
	c.plan()
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if err := c.read(ctx, c.files[name]); err != nil {
			return Report{}, fmt.Errorf("check evidence in %s: %w", name, err)
		}
	}
	c.judge()
	for i := range d.Evidence {
		if !c.wrong[d.Evidence[i].ID] {
			c.r.EvidenceHeld++
		}
	}
	onEvidence := c.r.Problems
	c.r.Problems = nil
	c.claims()
	c.r.Problems = append(c.r.Problems, onEvidence...)
	return c.r, nil
}

// checker is one run of Check.
type checker struct {
	b       *telemetry.Bundle
	d       *incident.Diagnosis
	r       Report
	files   map[string]*file
	numbers []*number
	places  []*place
	wrong   map[incident.EvidenceID]bool // evidence that does not hold
}

// file is a bundle member with all that is asked of it.
type file struct {
	name    string
	numbers []*number
	places  []*place // by line, ascending
	lines   int      // how many it has, once read
	absent  bool
	opened  bool
}

// number is a Number to compute again.
type number struct {
	*incident.Number
	of    *incident.Evidence
	again float64
	ready bool // again was computed
}

// place is where the Source of evidence leads.
type place struct {
	of      *incident.Evidence
	line    int
	reached bool   // the file has the line
	problem string // what is wrong there; empty: nothing
	raw     string // what stands there, for quotes
}

// fault records a problem with evidence.
func (c *checker) fault(e *incident.Evidence, format string, args ...any) {
	c.wrong[e.ID] = true
	c.r.Problems = append(c.r.Problems, Problem{string(e.ID), fmt.Sprintf(format, args...)})
}

func (c *checker) file(name string) *file {
	f := c.files[name]
	if f == nil {
		f = &file{name: name}
		c.files[name] = f
	}
	return f
}

// plan sorts all that is to be looked up by file.
func (c *checker) plan() {
	for i := range c.d.Evidence {
		e := &c.d.Evidence[i]
		for k := range e.Numbers {
			n := &number{Number: &e.Numbers[k], of: e}
			c.numbers = append(c.numbers, n)
			if n.Stat != Ratio && n.Stat != Share && n.File != "" {
				f := c.file(n.File)
				f.numbers = append(f.numbers, n)
			}
		}
		if e.Source.File != "" {
			p := &place{of: e, line: e.Source.Line}
			c.places = append(c.places, p)
			f := c.file(e.Source.File)
			f.places = append(f.places, p)
		}
	}
	for _, f := range c.files {
		slices.SortStableFunc(f.places, func(a, b *place) int { return a.line - b.line })
	}
	c.r.Numbers = len(c.numbers)
}

// read streams a member and answers what is asked of it.
func (c *checker) read(ctx context.Context, f *file) error {
	r, err := c.b.Member(ctx, f.name)
	if errs.KindOf(err) == errs.NotFound {
		f.absent = true
		return nil
	}
	if err != nil {
		return err
	}
	in := &lineReader{ctx: ctx, r: r}
	switch kindOf(f.name) {
	case metricFile:
		err = c.readMetrics(f, in)
	case logFile:
		err = c.readLog(f, in)
	case spanFile:
		err = c.readSpans(f, in)
	default:
		err = c.readOther(f, in)
	}
	f.lines, f.opened = in.count(), true
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return err
}

// judge says what came of every lookup, evidence by evidence.
func (c *checker) judge() {
	seen := map[incident.EvidenceID]bool{}
	numbers, places := c.numbers, c.places
	for i := range c.d.Evidence {
		e := &c.d.Evidence[i]
		switch {
		case e.ID == "":
			c.fault(e, "evidence %d has no ID", i+1)
		case seen[e.ID]:
			c.fault(e, "the ID is given twice")
		}
		seen[e.ID] = true
		var at *place
		if len(places) > 0 && places[0].of == e {
			at, places = places[0], places[1:]
		}
		own := 0
		for own < len(numbers) && numbers[own].of == e {
			c.judgeNumber(numbers[own])
			own++
		}
		numbers = numbers[own:]
		c.judgePlace(e, at)
		c.judgeText(e, at)
	}
}

// fileKinds is what kind of member evidence made from raw data leads to.
var fileKinds = map[incident.Kind]int{incident.Metric: metricFile, incident.Log: logFile, incident.Trace: spanFile}

// judgePlace checks where the evidence leads.
func (c *checker) judgePlace(e *incident.Evidence, at *place) {
	raw := e.Kind == incident.Metric || e.Kind == incident.Log || e.Kind == incident.Trace
	if raw && len(e.Numbers) == 0 {
		c.fault(e, "it states no number that could be computed again")
	}
	if at == nil {
		if raw {
			c.fault(e, "it names no file of the bundle")
		}
		return
	}
	f := c.files[e.Source.File]
	owner := incident.NodeID(nodeOfLog(f.name))
	switch {
	case f.absent:
		c.fault(e, "the bundle has no file %q", f.name)
	case raw && kindOf(f.name) != fileKinds[e.Kind]:
		c.fault(e, "%s holds no %ss", f.name, e.Kind)
	case e.Kind == incident.Log && owner != e.Node && owner != e.Peer:
		c.fault(e, "%s is of neither its node nor its peer", f.name)
	case at.line < 0:
		c.fault(e, "line %d is none", at.line)
	case at.line > 0 && !at.reached:
		c.fault(e, "%s has %d lines, not %d", f.name, f.lines, at.line)
	case at.problem != "":
		c.fault(e, "%s", at.problem)
	case at.line == 0 && (e.Kind == incident.Metric || raw && e.Name != "" || strings.HasSuffix(plainName(f.name), ".jsonl") && !raw):
		c.fault(e, "it names no line of %s", f.name)
	}
	c.judgeDirection(e)
}

// judgeDirection checks that the statistic of a metric before and after went
// the way that the evidence says.
func (c *checker) judgeDirection(e *incident.Evidence) {
	before, after := numberNamed(e, "before"), numberNamed(e, "after")
	if before == nil || after == nil || e.Kind != incident.Metric || (before.Stat == Samples) != (after.Stat == Samples) {
		return
	}
	wrong := false
	switch e.Direction {
	case incident.Up:
		wrong = after.Value < before.Value
	case incident.Down:
		wrong = after.Value > before.Value
	case incident.Gone:
		wrong = before.Stat != Samples || after.Value >= before.Value
	case incident.New:
		wrong = before.Stat != Samples || before.Value != 0
	}
	if wrong {
		c.fault(e, "it says %q, and its numbers are %v before and %v after", e.Direction, before.Value, after.Value)
	}
}

// judgeNumber compares a number with what was computed again.
func (c *checker) judgeNumber(n *number) {
	derived := n.Stat == Ratio || n.Stat == Share
	if derived {
		n.again, n.ready = derive(n), true
	}
	f := c.files[n.File]
	switch {
	case !derived && n.File == "":
		c.fault(n.of, "number %q names no file", n.Name)
	case !derived && f.absent:
		c.fault(n.of, "number %q is of %q, which the bundle does not have", n.Name, n.File)
	case n.Stat == Lines && f.opened:
		n.again, n.ready = float64(f.lines), true
		fallthrough
	default:
		if !n.ready {
			c.fault(n.of, "number %q: there is no %s of %q in %s", n.Name, n.Stat, n.Column, n.File)
			return
		}
		if !near(n.again, n.Value) {
			c.fault(n.of, "number %q is %v, and %v by %s of %q in %s", n.Name, n.Value, n.again, n.Stat, n.Column, n.File)
			return
		}
		c.r.NumbersHeld++
	}
}

// near reports whether two computations of one number agree: within what single
// precision loses, since durations may be kept in it.
func near(a, b float64) bool {
	if a != a || b != b {
		return a != a && b != b
	}
	d, size := a-b, max(a, -a, b, -b)
	return max(d, -d) <= 2e-7*size
}
