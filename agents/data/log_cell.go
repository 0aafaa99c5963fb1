package data

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

// outside adds the counts of all bins that are not in the search of g.
func (c *cell) outside(g *grid) int { return c.sum(0, g.search) + c.sum(g.stop, g.bins()) }
