package compress

import (
	"bytes"
	"sync"

	"triagent/telemetry"
)

// A chunk is a stretch of whole lines, read and scanned as one.
type chunk struct {
	text  []byte
	lines []chunkLine
	first bool // it starts its input
	read  int64
	split telemetry.Splitter // as it was taken to be before the first line
	after telemetry.Splitter // and as it is after the last
	cut   int64              // lines longer than is kept
	hash  *hasher
}

// chunkLine is one line: its message is from:to of the text. Only lines that
// start a record have a hash.
type chunkLine struct {
	from, to int32
	starts   bool
	hash     uint64
}

// work finds the lines of c, their headers and the hashes of their messages.
// One thing is done for all lines before the next is begun, which suits the
// processor's prediction of branches.
func (c *chunk) work(s telemetry.Splitter, maxLine, maxRecord int) {
	c.split, c.lines, c.cut = s, c.lines[:0], 0
	for from := 0; from < len(c.text); {
		to, next := len(c.text), len(c.text)
		if n := bytes.IndexByte(c.text[from:], '\n'); n >= 0 {
			to, next = from+n, from+n+1
		}
		if to > from && c.text[to-1] == '\r' {
			to--
		}
		if to-from > maxLine {
			to = from + maxLine
			c.cut++
		}
		c.lines = append(c.lines, chunkLine{from: int32(from), to: int32(to)})
		from = next
	}
	for i := range c.lines {
		l := &c.lines[i]
		from, to, starts := s.Body(c.text[l.from:l.to])
		l.starts = starts || c.first && i == 0
		l.from, l.to = l.from+int32(from), l.from+int32(to)
	}
	for i := range c.lines {
		if l := &c.lines[i]; l.starts {
			l.hash = c.hash.hash(c.text[l.from:min(int(l.to), int(l.from)+maxRecord)])
		}
	}
	c.after = s
}

// chunks reads and mines one input for a run.
type chunks struct {
	r       *run
	in      *lineReader
	last    int // id of the last record
	first   bool
	actual  telemetry.Splitter // after the last chunk taken
	mu      sync.Mutex
	guessed telemetry.Splitter // a copy of actual for those that work ahead
}

// work does c with the splitter as it was when last seen: it hardly ever
// changes after the first lines.
func (cs *chunks) work(c *chunk) {
	var s telemetry.Splitter
	if !c.first {
		cs.mu.Lock()
		s = cs.guessed
		cs.mu.Unlock()
	}
	c.work(s, cs.r.o.MaxLine, cs.r.m.cfg.MaxRecord)
}

// take gives the records of c to the miner. A chunk that was worked on with
// another splitter than it should have been is done again, so the result does
// not depend on who was faster.
func (cs *chunks) take(c *chunk) error {
	r := cs.r
	if c.split != cs.actual {
		c.work(cs.actual, r.o.MaxLine, r.m.cfg.MaxRecord)
	}
	if c.after != cs.actual {
		cs.actual = c.after
		cs.mu.Lock()
		cs.guessed = c.after
		cs.mu.Unlock()
	}
	for i := range c.lines {
		l := &c.lines[i]
		if l.starts {
			cs.last = int(r.m.addHashed(l.hash, c.text[l.from:l.to]))
			r.st.Records++
		}
		if !r.o.Stats {
			r.ids.add(cs.last)
		}
	}
	if err := r.ids.settle(); err != nil {
		return err
	}
	r.st.Lines += int64(len(c.lines))
	r.st.Bytes += c.read
	r.cut += c.cut
	if r.o.Progress != nil {
		r.o.Progress(r.st.Bytes)
	}
	return nil
}

// fill reads the next chunk.
func (cs *chunks) fill(c *chunk) (bool, error) {
	c.first, cs.first = cs.first, false
	before := cs.in.bytes
	ok, err := cs.in.chunk(c)
	c.read = cs.in.bytes - before
	if c.first {
		cs.guess(c.text)
	}
	return ok, err
}

// guess sets the splitter that the chunks after the first one start with.
func (cs *chunks) guess(text []byte) {
	var s, none telemetry.Splitter
	for line := range bytes.Lines(text) {
		if s.Next(line); s != none {
			break
		}
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.guessed = s
}
