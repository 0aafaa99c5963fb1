package data

import "math"

// A cell counts how often something happened, by bin. What happens rarely
// takes little room: counts are held as runs until there are many.
type cell struct {
	runs  []run
	dense []int32 // by bin; nil while runs are held
}

type run struct{ bin, count int32 }

// add counts one event in a bin; bins is how many there are.
func (c *cell) add(bin, bins int) {
	if c.dense != nil {
		c.dense[bin]++
		return
	}
	if n := len(c.runs); n > 0 && c.runs[n-1].bin == int32(bin) {
		c.runs[n-1].count++
		return
	}
	if 2*len(c.runs) > bins {
		dense := make([]int32, bins)
		c.into(dense)
		c.dense, c.runs = dense, nil
		c.dense[bin]++
		return
	}
	c.runs = append(c.runs, run{int32(bin), 1})
}

// into adds the counts to dst, one element a bin.
func (c *cell) into(dst []int32) {
	for i, v := range c.dense {
		dst[i] += v
	}
	for _, r := range c.runs {
		dst[r.bin] += r.count
	}
}

// sum adds the counts of bins [lo, hi).
func (c *cell) sum(lo, hi int) (n int) {
	if c.dense != nil {
		for _, v := range c.dense[lo:hi] {
			n += int(v)
		}
	}
	for _, r := range c.runs {
		if int(r.bin) >= lo && int(r.bin) < hi {
			n += int(r.count)
		}
	}
	return n
}

// counts returns the counts by bin in buf, which it clears first.
func (c *cell) counts(buf []int32) []int32 {
	clear(buf)
	c.into(buf)
	return buf
}

// outside adds the counts of the bins that texts compare with: all that are not
// in the search of g, as a rule.
func (c *cell) outside(g *grid) (n int) {
	for _, r := range g.usuals() {
		n += c.sum(r.lo, r.hi)
	}
	return n
}

// places remember a line of a file for each bin: an example of what happened in
// it.
type places []place

type place struct{ bin, line int32 }

// maxPlaces bounds the places of one thing; in order of time there is one a bin.
const maxPlaces = 4 * manyFine

// add notes a line for a bin that has none yet.
func (p *places) add(bin int, line int32) {
	if n := len(*p); n == 0 || n < maxPlaces && (*p)[n-1].bin != int32(bin) {
		*p = append(*p, place{int32(bin), line})
	}
}

// from is the line of the first bin that is start or later; 0 for none.
func (p places) from(start int) int {
	best := place{bin: math.MaxInt32}
	for _, v := range p {
		if int(v.bin) >= start && (v.bin < best.bin || v.bin == best.bin && v.line < best.line) {
			best = v
		}
	}
	return int(best.line)
}

// slowest remember the longest span of each bin.
type slowest []slowSpan

type slowSpan struct {
	bin, line int32
	duration  int64 // nanoseconds
}

// add takes a span in.
func (s *slowest) add(bin int, line int32, duration int64) {
	n := len(*s)
	if n > 0 && ((*s)[n-1].bin == int32(bin) || n == maxPlaces) {
		if l := &(*s)[n-1]; duration > l.duration {
			*l = slowSpan{int32(bin), line, duration}
		}
		return
	}
	*s = append(*s, slowSpan{int32(bin), line, duration})
}

// from is the line of the longest span in bin start or later; 0 for none.
func (s slowest) from(start int) int {
	var best slowSpan
	for _, v := range s {
		if int(v.bin) >= start && v.duration >= best.duration {
			best = v
		}
	}
	return int(best.line)
}
