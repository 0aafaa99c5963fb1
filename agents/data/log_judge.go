package data

import (
	"math"
	"slices"
	"unicode"

	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// logJudge turns counted lines into evidence.
type logJudge struct {
	*lineTable
	base     *knowledge.Base
	system   string
	exposure []float64         // seconds recorded, by bin
	replicas [][]int32         // nodes of the same service, by node, the node included
	silent   map[int32]bool    // nodes whose log fell silent for good
	paused   map[int32]silence // nodes whose log fell silent for a while
}

// Bounds on what becomes evidence.
const (
	weakLine         = 2.0 // least score of a changed template
	templatesPerNode = 12
	burstFactor      = 1.5  // least factor by which a burst exceeds the usual rate
	fadedFactor      = .1   // a template below this part of its usual rate is gone
	sharedDiscount   = .5   // what is left of a score when all replicas show the same
	errorFloor       = 3.0  // score of a first error that is understood
	leastNormal      = 1e-9 // per second
)

// Arg of a Records number: only records of a level count (ERROR stands for
// FATAL too), or only those of WARN and above that name a node.
const (
	levelArg = "level="
	namesArg = "names="
)

// levelWeight is what a level is worth: an error is rarely meant to be, most INFO lines are.
func levelWeight(l telemetry.Level) float64 {
	switch {
	case l >= telemetry.Error:
		return 1
	case l == telemetry.Warn:
		return .8
	case l == telemetry.NoLevel || l == telemetry.Info:
		return .6
	}
	return .4
}

// templateChange is a template whose rate on a node changed.
type templateChange struct {
	node, template int32
	cell           *lineCell
	change         change
	score          float64
	evidence       []incident.Evidence
}

// templates judges every template on every node and words the strongest.
func (j *logJudge) templates() []templateChange {
	var all []templateChange
	buf := make([]int32, j.g.bins())
	moved := map[pair]bool{} // node and template
	for n := range j.cells {
		for _, id := range sortedKeys(j.cells[n]) {
			if c, ok := j.judge(int32(n), id, buf); ok {
				all = append(all, c)
				moved[pair{c.node, id}] = c.change.up
			}
		}
	}
	for i := range all {
		c := &all[i]
		c.score *= j.specific(c, moved)
	}
	return j.worded(all)
}

// judge compares the rate of a template with what is usual for the node.
func (j *logJudge) judge(n, id int32, buf []int32) (templateChange, bool) {
	cell := j.cells[n][id]
	if !tells(j.template(id)) {
		return templateChange{}, false
	}
	counts := cell.counts(buf)
	c := j.g.rate(counts, j.exposure)
	if !c.known {
		return j.unjudged(n, id, cell)
	}
	out := templateChange{node: n, template: id, cell: cell, change: c}
	if p, ok := j.paused[n]; ok && j.startsAfter(p, id, cell) {
		out.change.up, out.change.start, out.change.lo, out.change.hi = true, p.to, p.to-1, p.to
		out.score = p.score
		return out, true
	}
	switch {
	case c.up && c.level > burstFactor*max(c.normal, leastNormal):
		out.score = c.sd * levelWeight(cell.level)
	case !c.up && c.level < fadedFactor*c.normal && !j.silent[n]:
		out.score = c.sd * levelWeight(telemetry.Debug)
	}
	if c.up && cell.lastBase == 0 && cell.level >= telemetry.Error && len(j.meanings(id, cell)) > 0 {
		out.score = max(out.score, errorFloor)
	}
	return out, out.score > 0
}

// leastLetters is how many constant letters a template must have to tell
// anything.
const leastLetters = 4

func tells(template string) bool {
	n := 0
	for _, r := range template {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n >= leastLetters
}

// unjudged is an error or warning seen where no baseline says what is usual.
func (j *logJudge) unjudged(n, id int32, cell *lineCell) (templateChange, bool) {
	if cell.level < telemetry.Warn || len(j.g.blocks) > 0 {
		return templateChange{}, false
	}
	k := cell.sum(j.g.search, j.g.stop)
	c := change{start: j.g.search, lo: j.g.search, hi: j.g.stop - 1, k: float64(k), up: true, sd: math.Sqrt(float64(k))}
	return templateChange{
		node: n, template: id, cell: cell, change: c,
		score: min(c.sd, healthyTop) * levelWeight(cell.level),
	}, k > 0
}

// specific is what a change keeps of its score, given how many replicas of the
// node show the same.
func (j *logJudge) specific(c *templateChange, moved map[pair]bool) float64 {
	others, same := 0, 0
	for _, r := range j.replicas[c.node] {
		if r == c.node {
			continue
		}
		others++
		if up, ok := moved[pair{r, c.template}]; ok && up == c.change.up {
			same++
		}
	}
	if others == 0 {
		return 1
	}
	return 1 - (1-sharedDiscount)*float64(same)/float64(others)
}

// worded keeps the strongest changes of each node and words them.
func (j *logJudge) worded(all []templateChange) []templateChange {
	sortByScore(all)
	per := map[int32]int{}
	out := all[:0]
	for _, c := range all {
		if c.score < weakLine || per[c.node] >= templatesPerNode {
			continue
		}
		per[c.node]++
		c.evidence = j.word(&c)
		out = append(out, c)
	}
	return out
}

func sortByScore(all []templateChange) {
	slices.SortStableFunc(all, func(a, b templateChange) int { return -order64(a.score, b.score) })
}

func (j *logJudge) meanings(id int32, cell *lineCell) []incident.Signal {
	if j.base == nil {
		return nil
	}
	return j.base.Log(j.system, cell.level, j.template(id))
}

// word makes evidence of a change: one for each meaning of the template, at
// most two, or one that says only that it is new, gone or bursting.
func (j *logJudge) word(c *templateChange) []incident.Evidence {
	ev := incident.Evidence{
		Kind: incident.Log, Node: incident.NodeID(j.nodes.text[c.node]), Name: j.template(c.template),
		Score: c.score, Window: j.g.window(c.change.start), Onset: j.g.onset(c.change.lo, c.change.hi),
		Source: incident.Source{File: j.file[c.node], Line: c.cell.first.from(c.change.start)},
	}
	key := "log.template_burst"
	ev.Signal, ev.Direction = "template.burst", incident.Up
	switch {
	case !c.change.up:
		key, ev.Signal, ev.Direction = "log.template_gone", "template.gone", incident.Gone
		ev.Source.Line = c.cell.lastLine(j.g)
	case c.cell.lastBase == 0:
		key, ev.Signal, ev.Direction = "log.template_new", "template.new", incident.New
	}
	if p := c.cell.mostNamed(); p != none {
		ev.Peer = incident.NodeID(j.nodes.text[p])
		key += "_peer"
	}
	cl := say(key, "node", string(ev.Node), "template", ev.Name, "level", c.cell.level.String(), "peer", string(ev.Peer))
	j.tell(cl, j.like(c.node, c.template), c.change.start, c.node, ev.Name, "")
	ev.Text, ev.Numbers = cl.text, cl.numbers
	signals := slices.DeleteFunc(j.meanings(c.template, c.cell), func(s incident.Signal) bool {
		return s == "peer.complaint" // see complaints: it is about the node that is named
	})
	if len(signals) == 0 || !c.change.up {
		return []incident.Evidence{ev}
	}
	var out []incident.Evidence
	for _, s := range signals[:min(2, len(signals))] {
		ev.Signal = s
		out = append(out, ev)
	}
	return out
}

// tell states how many records there were usually and since the onset.
func (j *logJudge) tell(c *claim, counts *cell, start int, node int32, template, arg string) {
	j.tellUntil(c, counts, start, j.g.stop, node, template, arg)
}

// tellUntil states how many there were usually and in bins [start, end).
func (j *logJudge) tellUntil(c *claim, counts *cell, start, end int, node int32, template, arg string) {
	c.count("before", counts.outside(j.g), records(j.file[node], template, arg, j.g.usual()...)).
		count("after", counts.sum(start, end), records(j.file[node], template, arg, j.g.between(start, end)))
	if j.total[node].outside(j.g) == 0 {
		c.unrecorded()
	}
}

// levelRates judges how often each node warns and errs.
func (j *logJudge) levelRates() []incident.Evidence {
	var out []incident.Evidence
	buf := make([]int32, j.g.bins())
	for n, levels := range j.levels {
		for _, level := range []telemetry.Level{telemetry.Warn, telemetry.Error} {
			c := levels[level]
			if c == nil {
				continue
			}
			ch := j.g.rate(c.counts(buf), j.exposure)
			if !ch.known || !ch.up || ch.sd < weakLine || ch.level < burstFactor*ch.normal {
				continue
			}
			signal, key := incident.Signal("log.warn_rate"), "log.warnings"
			if level == telemetry.Error {
				signal, key = "log.error_rate", "log.errors"
			}
			ev := incident.Evidence{
				Kind: incident.Log, Node: incident.NodeID(j.nodes.text[n]), Signal: signal, Direction: incident.Up,
				Score: ch.sd, Window: j.g.window(ch.start), Onset: j.g.onset(ch.lo, ch.hi),
				Source: incident.Source{File: j.file[n]},
			}
			cl := say(key, "node", string(ev.Node))
			j.tell(cl, c, ch.start, int32(n), "", levelArg+level.String())
			ev.Text, ev.Numbers = cl.text, cl.numbers
			out = append(out, ev)
		}
	}
	return out
}

// complaints tells which nodes are named in more warnings and errors of others
// than usual: Node is who is complained about, Peer who complains.
func (j *logJudge) complaints() []incident.Evidence {
	var out []incident.Evidence
	buf := make([]int32, j.g.bins())
	for _, k := range j.seen {
		c := j.told[k]
		ch := j.g.rate(c.counts(buf), j.exposure)
		if !ch.known || !ch.up || ch.sd < weakLine || ch.level < burstFactor*ch.normal {
			continue
		}
		about := j.nodes.text[k.about]
		ev := incident.Evidence{
			Kind: incident.Log, Node: incident.NodeID(about), Peer: incident.NodeID(j.nodes.text[k.by]),
			Signal: "peer.complaint", Direction: incident.Up, Score: ch.sd * levelWeight(c.level),
			Window: j.g.window(ch.start), Onset: j.g.onset(ch.lo, ch.hi),
			Source: incident.Source{File: j.file[k.by], Line: c.first.from(ch.start)},
		}
		cl := say("log.complaint", "node", about, "peer", string(ev.Peer))
		j.tell(cl, &c.cell, ch.start, k.by, "", namesArg+about)
		ev.Text, ev.Numbers = cl.text, cl.numbers
		out = append(out, ev)
	}
	return strongest(out, 4)
}
