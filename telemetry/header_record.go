package telemetry

import "bytes"

// A Splitter tells which lines of one file start a record and which belong to
// the record above: the lines of a stack trace, and, in a file whose lines
// have times, all lines without one. The zero value is ready; one Splitter
// serves one file, from its first line on, by one goroutine.
//
// A line that holds a time deeper inside than the first lines of its file do,
// as an error message that quotes one, starts no record.
type Splitter struct {
	timed bool // a line with a time was seen
	front bool // it stood at the very front
}

// Next parses the next line and reports whether it starts a record. The first
// line always does in effect: the caller has no record above it.
func (s *Splitter) Next(line []byte) (h Head, starts bool) {
	starts = s.next(line, &h)
	return h, starts
}

// Body is Next for those who want the message alone: it is from:to of the line.
func (s *Splitter) Body(line []byte) (from, to int, starts bool) {
	if to = trimEnd(line); to > 0 && line[0]-'0' <= 9 {
		if from = fastBody(line[:to]); from > 0 {
			s.front = s.front || !s.timed
			s.timed = true
			return from, to, true
		}
	}
	var h Head
	starts = s.next(line, &h)
	return h.BodyFrom, h.BodyTo, starts
}

func (s *Splitter) next(line []byte, h *Head) bool {
	if Continues(line) {
		h.BodyTo = trimEnd(line)
		return false
	}
	parseInto(line, h)
	if h.HasTime() {
		front := h.TimeFrom <= 3 || line[0] == '{'
		if s.timed && s.front && !front {
			*h = Head{BodyTo: trimEnd(line)}
			return false
		}
		s.front = s.front || !s.timed && front
		s.timed = true
		return true
	}
	return !s.timed
}

// Continues reports whether a line belongs to the record above by its form
// alone: it is empty, starts with a blank, or is part of a stack trace.
func Continues(line []byte) bool {
	if len(line) == 0 {
		return true
	}
	switch line[0] {
	case ' ', '\t', '\r', '\n':
		return true
	case 'C':
		return bytes.HasPrefix(line, []byte("Caused by:"))
	case 'S':
		return bytes.HasPrefix(line, []byte("Suppressed:"))
	case 'T':
		return bytes.HasPrefix(line, []byte("Traceback (most recent call last)"))
	case '.':
		return bytes.HasPrefix(line, []byte("... ")) && bytes.HasSuffix(line[:trimEnd(line)], []byte(" more"))
	case 'a':
		return bytes.HasPrefix(line, []byte("at ")) && bytes.IndexByte(line, '(') > 3
	case '}', ')', ']':
		return trimEnd(line) <= 2
	}
	return false
}
