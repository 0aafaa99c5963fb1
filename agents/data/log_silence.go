package data

import (
	"math"
	"slices"

	"triagent/incident"
)

// Bounds on silences. One that ends is the longest of many, so it must be further
// from chance than one that lasts.
const (
	leastSilence = 3.0 // least score of one that lasts
	leastPause   = 5.0 // least score of one that ends
	mostPause    = 20.0
	// leastQuiet is how long a silence is at least, in seconds: logs are shipped in
	// batches, and recordings of nodes end seconds apart.
	leastQuiet = 10.0
)

// silence is a stretch of bins [from, to) in which a node wrote nothing.
type silence struct {
	from, to int
	score    float64
}

// silences finds nodes that ceased to log while others went on, for good or for a
// while.
func (j *logJudge) silences() []incident.Evidence {
	j.silent, j.paused = map[int32]bool{}, map[int32]silence{}
	end := j.g.stop
	for end > j.g.search && j.exposure[end-1] == 0 {
		end--
	}
	var out []incident.Evidence
	buf, eb := make([]int32, j.g.bins()), make([]float64, len(j.g.blocks))
	for i, b := range j.g.blocks {
		eb[i] = total(j.exposure, b.lo, b.hi)
	}
	for n, c := range j.total {
		counts := c.counts(buf)
		usual := rateNorm(j.g.sums(counts), eb)
		if usual.used == 0 {
			continue
		}
		score := func(from, to int) float64 {
			if total(j.exposure, from, to) < leastQuiet {
				return 0
			}
			return math.Sqrt(gRate(0, max(usual.level*total(j.exposure, from, to), leastNormal)) / usual.phi)
		}
		last, longest := j.quiet(counts, end, score)
		switch {
		case last.score >= leastSilence:
			j.silent[int32(n)] = true
			out = append(out, j.fellSilent(int32(n), c, silence{last.from, j.g.stop, last.score}, "log.silent"))
		case longest.score >= leastPause:
			longest.score = min(longest.score, mostPause)
			j.paused[int32(n)] = longest
			out = append(out, j.fellSilent(int32(n), c, longest, "log.paused"))
		}
	}
	return out
}

// quiet returns the silence that lasts until end, and of those before it that in
// which most was to be expected.
func (j *logJudge) quiet(counts []int32, end int, score func(from, to int) float64) (last, longest silence) {
	for from := j.g.search; from < end; from++ {
		if counts[from] != 0 {
			continue
		}
		to := from
		for to < end && counts[to] == 0 {
			to++
		}
		s := silence{from, to, score(from, to)}
		switch {
		case to == end:
			last = s
		case s.score > longest.score && from > j.g.search: // one that began before is not of this window
			longest = s
		}
		from = to
	}
	return last, longest
}

// fellSilent words a silence.
func (j *logJudge) fellSilent(n int32, c *cell, s silence, key string) incident.Evidence {
	ev := incident.Evidence{
		Kind: incident.Log, Node: incident.NodeID(j.nodes.text[n]), Signal: "log.silent", Direction: incident.Gone,
		Shape: incident.Silent, Score: s.score, Window: j.g.between(s.from, s.to), Onset: j.g.onset(max(s.from-1, j.g.search), s.from),
		Source: incident.Source{File: j.file[n]},
	}
	cl := say(key, "node", string(ev.Node))
	j.tellUntil(cl, c, s.from, s.to, n, "", "")
	ev.Text, ev.Numbers = cl.text, cl.numbers
	return ev
}

// startsAfter reports whether a template is the line of a start, written when a
// silence ended: the process was gone, however often it wrote the same before.
func (j *logJudge) startsAfter(p silence, id int32, cell *lineCell) bool {
	return cell.sum(p.to, j.g.stop) > 0 && slices.Contains(j.meanings(id, cell), "log.restart")
}
