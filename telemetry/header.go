package telemetry

import "bytes"

// Head is what stands before the message of a log line. Spans are byte offsets
// in the line, from and to; equal ones mean that there is none.
type Head struct {
	Stamp              Stamp // valid if TimeFrom < TimeTo
	TimeFrom, TimeTo   int
	Level              Level
	LoggerFrom, LogTo  int
	BodyFrom, BodyTo   int
	levelled, anchored bool
}

// HasTime reports whether the line has a stamp.
func (h *Head) HasTime() bool { return h.TimeFrom < h.TimeTo }

// ParseHead finds time, level, logger and message of a log line of unknown
// layout: logback and log4j, python logging, spring, syslog, klog, Android,
// Apache, PostgreSQL, MySQL, nginx, JSON and logfmt lines and their kin. A
// line without a header is all body. What it is not sure of stays in the body.
// It allocates nothing and is safe for concurrent use.
func ParseHead(line []byte) Head {
	var h Head
	parseInto(line, &h)
	return h
}

// parseInto is ParseHead into h, which is empty.
func parseInto(line []byte, h *Head) {
	h.BodyTo = trimEnd(line)
	line = line[:h.BodyTo]
	if len(line) < 4 || line[0] <= ' ' {
		return
	}
	if line[0]-'0' <= 9 {
		if fastHead(line, h) {
			return
		}
		*h = Head{BodyTo: h.BodyTo}
	}
	*h = parseHead(line, *h)
}

// parseHead is ParseHead for a line without its end.
func parseHead(line []byte, h Head) Head {
	if line[0] == '{' && parseJSONHead(line, &h) {
		return h
	}
	if isLetter(line[0]) || line[0] == '@' {
		if parseLogfmtHead(line, &h) {
			return h
		}
	}
	s, from, ok := FindTime(line)
	if !ok {
		levelFirst(line, &h)
		return h
	}
	h.Stamp, h.TimeFrom, h.TimeTo = s, from, from+s.N
	if c := line[from]; c == 'I' || c == 'W' || c == 'E' || c == 'F' {
		h.Level, _ = levelOf(line[from : from+1])
	}
	if h.Level == NoLevel && from > 3 {
		levelBefore(line[:from], &h)
	}
	p := headParser{b: line, i: h.TimeTo, h: &h}
	p.run()
	return h
}

func trimEnd(line []byte) int {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	return n
}

// levelFirst reads "WARN message" and "ERROR: message" of lines without a time.
func levelFirst(line []byte, h *Head) {
	i := 0
	if line[0] == '[' {
		i = 1
	}
	to := i
	for to < len(line) && to < i+10 && isLetter(line[to]) {
		to++
	}
	l, ok := levelOf(line[i:to])
	if !ok || to-i < 3 || to == len(line) {
		return
	}
	switch c := line[to]; {
	case i == 1 && c == ']', i == 0 && (c == ':' || c == ' ' && line[0] >= 'A' && line[0] <= 'Z' && line[1] < 'a'):
		h.Level = l
		h.BodyFrom = skipBlank(line, to+1)
	}
}

// levelBefore reads a level that stands before the time, as in "INFO 2023-...".
func levelBefore(prefix []byte, h *Head) {
	for w := range bytes.FieldsSeq(prefix) {
		w = bytes.Trim(w, "[]|:")
		if l, ok := levelOf(w); ok && len(w) > 2 {
			h.Level, h.levelled = l, true
			return
		}
	}
}

// headParser reads what follows the time. It goes forward over things that may
// belong to a header, and h.BodyFrom follows whenever one surely does.
type headParser struct {
	b []byte
	i int
	h *Head
}

func (p *headParser) run() {
	b, h := p.b, p.h
	if p.i < len(b) && (b[p.i] == ']' || b[p.i] == ')' || b[p.i] == '"') {
		p.i++
	}
	p.commit()
	if p.i < len(b) && b[p.i] == '|' && p.pipes() {
		return
	}
	brackets := 0
	for steps := 0; steps < 10; steps++ {
		p.i = p.glue(p.i)
		if p.i >= len(b) {
			return
		}
		switch c := b[p.i]; {
		case c == '[' || c == '(' && !h.levelled:
			if brackets++; brackets > 4 || !p.bracket() {
				return
			}
		case c == '-' && bytes.HasPrefix(b[p.i:], dashes):
			p.i += len(dashes)
			p.commit()
		default:
			if !p.word(steps) {
				return
			}
		}
		if h.anchored {
			return
		}
	}
}

var dashes = []byte("---")

// commit makes the message start here.
func (p *headParser) commit() { p.h.BodyFrom = skipBlank(p.b, p.i) }

// glue skips blanks and lone separators between the parts of a header.
func (p *headParser) glue(i int) int {
	i = skipBlank(p.b, i)
	if i+1 < len(p.b) && (p.b[i] == '|' || p.b[i] == '-' || p.b[i] == ',' || p.b[i] == ':') && p.b[i+1] <= ' ' {
		if i == p.h.BodyFrom { // a separator right after what is surely header
			p.i = i + 1
			p.commit()
		}
		i = skipBlank(p.b, i+1)
	}
	return i
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	return i
}

// pipes reads fields between | right after the time: logger, numbers, level.
func (p *headParser) pipes() bool {
	for range 5 {
		if p.i >= len(p.b) || p.b[p.i] != '|' {
			break
		}
		n := bytes.IndexByte(p.b[p.i+1:], '|')
		if n < 0 || n > 48 {
			break
		}
		f := bytes.TrimSpace(p.b[p.i+1 : p.i+1+n])
		if l, ok := levelOf(f); ok {
			p.h.Level = l
		} else if p.h.LogTo == 0 && len(f) > 0 && isLetter(f[0]) {
			p.h.LoggerFrom = skipBlank(p.b, p.i+1)
			p.h.LogTo = p.h.LoggerFrom + len(f)
		}
		p.i += 1 + n
	}
	if p.i < len(p.b) && p.b[p.i] == '|' {
		p.i++
	}
	p.commit()
	return true
}

// bracket reads [thread], [level] or (context). It is surely header before the
// level, or without a blank in it; else only if header follows.
func (p *headParser) bracket() bool {
	open := p.b[p.i]
	shut := byte(']')
	if open == '(' {
		shut = ')'
	}
	depth, j := 0, p.i
	for ; j < len(p.b) && j < p.i+160; j++ {
		if p.b[j] == open {
			depth++
		} else if p.b[j] == shut {
			if depth--; depth == 0 {
				break
			}
		}
	}
	if depth != 0 || j >= len(p.b) {
		return false
	}
	in := bytes.TrimSpace(p.b[p.i+1 : j])
	p.i = j + 1
	if l, ok := levelOf(in); ok {
		p.h.Level, p.h.levelled = l, true
		p.commit()
		return true
	}
	if n := bytes.IndexByte(in, ':'); n > 0 { // [core:notice]
		if l, ok := levelOf(in[n+1:]); ok && len(in) < 24 {
			p.h.Level, p.h.levelled = l, true
			p.commit()
			return true
		}
	}
	switch {
	case !p.h.levelled && p.h.LogTo == 0 && p.levelAhead():
	case p.h.LogTo > 0 && !p.h.anchored: // context after a bare logger
		p.commit()
		p.h.anchored = true
	case bytes.IndexByte(in, ' ') < 0 && bytes.IndexByte(in, '=') < 0 && p.h.levelled:
		p.commit()
	case p.i+2 < len(p.b) && p.b[p.i] == ' ' && p.b[p.i+1] == '-' && p.b[p.i+2] == ' ':
		p.i += 3
		p.commit()
		p.h.anchored = true
	}
	return true
}

// levelAhead reports whether a level follows within the next 48 bytes; then all
// before it is header.
func (p *headParser) levelAhead() bool {
	i := p.i
	for range 4 {
		i = p.skipGlue(i)
		from := i
		for i < len(p.b) && i-from < 40 && p.b[i] > ' ' {
			i++
		}
		w := bytes.Trim(p.b[from:i], "[]|:")
		if l, ok := levelOf(w); ok && (len(w) > 1 || l != NoLevel) {
			return true
		}
		if i >= len(p.b) || i > p.i+60 {
			return false
		}
	}
	return false
}

func (p *headParser) skipGlue(i int) int {
	for i < len(p.b) && (p.b[i] <= ' ' || p.b[i] == '-' || p.b[i] == '|') {
		i++
	}
	return i
}

// word reads a level, a number, a host and program, a logger or a call site.
func (p *headParser) word(step int) bool {
	b, h, from := p.b, p.h, p.i
	to := from
	for to < len(b) && b[to] > ' ' && b[to] != '|' {
		to++
	}
	w := b[from:to]
	bare := bytes.TrimRight(w, ":,]")
	if !h.levelled {
		if l, ok := levelOf(bare); ok && (len(bare) > 1 || step > 0) {
			h.Level, h.levelled = l, true
			p.i = to
			p.commit()
			if len(bare) > 1 && b[to-1] == ':' { // LOG:  message
				h.anchored = true
			}
			return true
		}
	}
	if s, ok := ParseStamp(b[from:]); ok && step < 4 {
		p.i = from + s.N
		return true
	}
	if countDigits(w) == len(w) || w[0]-'0' <= 9 && dateLike(w) {
		p.i = to
		return !h.levelled || h.LogTo == 0
	}
	if p.logger(from, to) {
		return true
	}
	if h.levelled {
		return false
	}
	p.i = to
	return step < 4 || step < 8 && capitals(w)
}

// capitals reports whether w has no small letter: the places and subsystems
// that some headers list before the level.
func capitals(w []byte) bool {
	for _, c := range w {
		if c-'a' <= 25 || c >= 0x80 {
			return false
		}
	}
	return true
}

func dateLike(w []byte) bool {
	for _, c := range w {
		if c-'0' > 9 && c != '.' && c != '-' && c != '/' {
			return false
		}
	}
	return true
}

// logger reads from:to as a logger, program or call site if what follows says
// that it is one.
func (p *headParser) logger(from, to int) bool {
	b, h := p.b, p.h
	w := b[from:to]
	end := to
	next := skipBlank(b, to)
	ends := false
	switch {
	case w[len(w)-1] == ':' && len(w) > 1 && !bytes.HasSuffix(w, []byte("::")):
		w = w[:len(w)-1]
		ends = loggerName(w) || !h.levelled && program(b, h, from, w)
	case w[len(w)-1] == ']' && bytes.IndexByte(w, ':') > 0 && bytes.IndexByte(w, '[') < 0: // file.go:123]
		w = w[:len(w)-1]
		ends = true
	case next+1 < len(b) && (b[next] == '-' || b[next] == ':') && b[next+1] <= ' ' && b[to] != '|':
		ends = h.levelled || from == h.BodyFrom
		if ends && !h.levelled {
			p.i = next
			if p.levelAhead() {
				ends = false
			}
		}
		end = next + 1
	case h.levelled && next < len(b) && b[next] == '[' && loggerName(w):
		h.LoggerFrom, h.LogTo = from, to
		p.i = to
		return true
	case h.levelled && callSite(w) && b[min(to, len(b)-1)] == '\t':
		p.i = to
		p.commit()
		return true
	}
	if !ends {
		return false
	}
	h.LoggerFrom, h.LogTo = from, from+len(w)
	if k := bytes.LastIndexByte(w, ':'); k > 0 && countDigits(w[k+1:]) == len(w)-k-1 {
		h.LogTo = from + k
	}
	p.i = end
	p.commit()
	h.anchored = true
	return true
}
