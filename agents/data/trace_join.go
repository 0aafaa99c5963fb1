package data

import (
	"slices"
	"sort"
)

// A joiner finds the segment that a log record was written in: by its span, or,
// where it names only its trace, by trace, node and time.
type joiner struct {
	spans    []spanSegment
	segments []traceSegment
	lines    []lineSegment
	full     int64 // records that found no room
	lost     int64 // records whose span or trace is not known
}

type spanSegment struct {
	span    uint64
	segment int32
}

type traceSegment struct {
	key        uint64 // trace and node
	start      int64
	entry, bin int32
	segment    int32
}

// lineSegment says that a template was seen in a segment.
type lineSegment struct{ segment, entry, bin, template int32 }

// maxJoin bounds each of a joiner's lists.
const maxJoin = 4_000_000

func traceNode(trace uint64, node int32) uint64 {
	return (trace ^ uint64(node)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
}

func (j *joiner) segment(trace uint64, l *leaf, entry, bin, segment int32) {
	if len(j.segments) < maxJoin {
		j.segments = append(j.segments, traceSegment{traceNode(trace, l.node), l.start, entry, bin, segment})
	}
}

func (j *joiner) span(span uint64, segment int32) {
	if len(j.spans) < maxJoin {
		j.spans = append(j.spans, spanSegment{span, segment})
	}
}

// sort makes the joiner ready for find.
func (j *joiner) sort() {
	slices.SortFunc(j.spans, func(a, b spanSegment) int { return order(a.span, b.span) })
	slices.SortStableFunc(j.segments, func(a, b traceSegment) int {
		if c := order(a.key, b.key); c != 0 {
			return c
		}
		return order(a.start, b.start)
	})
}

func order[T uint64 | int64 | int32](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// line notes that a record of a template was written on a node of the model.
func (j *joiner) line(l spokenLine, node int32) {
	s, ok := j.find(l, node)
	if !ok {
		j.lost++
		return
	}
	if len(j.lines) >= maxJoin {
		j.full++
		return
	}
	j.lines = append(j.lines, lineSegment{s.segment, s.entry, s.bin, l.template})
}

// find returns the segment of a record: the one with its span, else the last
// one of its trace on the node that began before it.
func (j *joiner) find(l spokenLine, node int32) (traceSegment, bool) {
	key := traceNode(l.trace, node)
	lo := sort.Search(len(j.segments), func(i int) bool { return j.segments[i].key >= key })
	hi := lo
	for hi < len(j.segments) && j.segments[hi].key == key {
		hi++
	}
	if lo == hi {
		return traceSegment{}, false
	}
	if span := l.span; span != 0 {
		if i := sort.Search(len(j.spans), func(i int) bool { return j.spans[i].span >= span }); i < len(j.spans) && j.spans[i].span == span {
			for _, s := range j.segments[lo:hi] {
				if s.segment == j.spans[i].segment {
					return s, true
				}
			}
		}
	}
	best := j.segments[lo]
	for _, s := range j.segments[lo+1 : hi] {
		if s.start <= l.time {
			best = s
		}
	}
	return best, true
}

// events hands on the lines of each segment, one segment after another, with
// the templates that key makes of theirs; lines that it makes none of are left
// out.
func (j *joiner) events(key func(template int32) int32, emit func(l lineSegment)) {
	lines := make([]lineSegment, 0, len(j.lines))
	for _, l := range j.lines {
		if l.template = key(l.template); l.template != none {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b lineSegment) int {
		if c := order(a.segment, b.segment); c != 0 {
			return c
		}
		return order(a.template, b.template)
	})
	for _, l := range lines {
		emit(l)
	}
}
