package data

import "math"

// change is how a share, a rate or a mean moved, judged for the onset that
// explains the data best.
type change struct {
	start  int     // bin of the likeliest onset
	lo, hi int     // bins between which the onset lies, both included
	k, n   float64 // events and trials (or exposure) from start on
	level  float64 // share, rate or mean from start on
	normal float64 // what was normal
	sd     float64 // distance in robust standard deviations, >= 0
	up     bool
	known  bool // there was data to judge by
}

// onsetSlack is the 95 % point of chi-square with one degree of freedom: onsets
// whose G is lower by less than that cannot be told from the best.
const onsetSlack = 3.84

// sums adds up the bins of each block.
func (g *grid) sums(c []int32) []float64 {
	out := make([]float64, len(g.blocks))
	for i, b := range g.blocks {
		for _, v := range c[b.lo:b.hi] {
			out[i] += float64(v)
		}
	}
	return out
}

// scan judges every onset bin by g (the G statistic over phi, from the events
// and trials that follow it) and returns the change for the best one. Because
// data before the onset is as likely either way, G is the profile likelihood
// of the onset.
func (g *grid) scan(k []int32, n func(bin int) float64, stat func(k, n float64) float64) change {
	best := change{start: -1}
	stats := make([]float64, g.starts)
	var ks, ns float64
	for i := g.stop - 1; i >= g.search; i-- {
		ks += float64(k[i])
		ns += n(i)
		s := i - g.search
		if s >= g.starts || ns <= 0 {
			continue
		}
		stats[s] = stat(ks, ns)
		if best.start < 0 || stats[s] > stats[best.start-g.search] {
			best.start, best.k, best.n = i, ks, ns
		}
	}
	if best.start < 0 {
		return best
	}
	best.known = true
	best.lo, best.hi = best.start, best.start
	top := stats[best.start-g.search]
	for s, v := range stats {
		if top-v < onsetSlack {
			best.lo, best.hi = min(best.lo, g.search+s), max(best.hi, g.search+s)
		}
	}
	best.sd = math.Sqrt(top)
	best.level = best.k / best.n
	return best
}

// share judges successes k among trials n, both by bin.
func (g *grid) share(k, n []int32) change {
	nb := g.sums(n)
	normal := shareNorm(g.sums(k), nb)
	if normal.used == 0 {
		return change{}
	}
	c := g.scan(k, func(i int) float64 { return float64(n[i]) }, func(k, n float64) float64 {
		return gShare(k, n, normal.level) / normal.phi
	})
	c.normal = normal.level
	c.up = c.level > c.normal
	return c
}

// rate judges events k by bin against the exposure of the bins, in seconds.
func (g *grid) rate(k []int32, exposure []float64) change {
	eb := make([]float64, len(g.blocks))
	for i, b := range g.blocks {
		for _, v := range exposure[b.lo:b.hi] {
			eb[i] += v
		}
	}
	normal := rateNorm(g.sums(k), eb)
	if normal.used == 0 {
		return change{}
	}
	c := g.scan(k, func(i int) float64 { return exposure[i] }, func(k, n float64) float64 {
		return gRate(k, normal.level*n) / normal.phi
	})
	c.normal = normal.level
	c.up = c.level > c.normal
	return c
}

// blockFloor is the least spread of block means, in the unit of the values
// (log of milliseconds): 5 %.
const blockFloor = .05

// mean judges a rise of the mean: z = (mean - median of block means) over the
// spread of the block means and the error of the mean itself, for which the
// values vary as in the baseline or, if that is more, as they do now: one slow
// call among three is no slow edge. least is how many
// values the time from an onset on must hold.
func (g *grid) mean(m *moments, least int) change {
	var means []float64
	var n, within float64
	d := m.dense(g.bins())
	for _, b := range g.blocks {
		var sum moment
		for _, v := range d[b.lo:b.hi] {
			sum.plus(v)
		}
		if sum.n > 0 {
			means = append(means, sum.sum/sum.n)
			n += sum.n
			within += max(0, sum.sq-sum.sum*sum.sum/sum.n)
		}
	}
	if len(means) == 0 {
		return change{}
	}
	blocks := float64(len(means))
	centre, spread := robust(means)
	variance := .25
	if n > blocks {
		variance = within / (n - blocks)
	}
	spread = max(spread, blockFloor)
	return g.scanMean(d, float64(least), centre, func(mean, n, own float64) float64 {
		return (mean - centre) / math.Sqrt(spread*spread+max(variance, own)/n)
	})
}

// scanMean judges every onset bin by z of the mean of what follows it, which
// must be of at least the given count.
func (g *grid) scanMean(d []moment, least, centre float64, z func(mean, n, variance float64) float64) change {
	best := change{start: -1, normal: centre}
	zs := make([]float64, g.starts)
	var sum moment
	for i := g.stop - 1; i >= g.search; i-- {
		sum.plus(d[i])
		s := i - g.search
		if s >= g.starts || sum.n < least {
			continue
		}
		zs[s] = max(0, z(sum.sum/sum.n, sum.n, sum.variance()))
		if best.start < 0 || zs[s] > zs[best.start-g.search] {
			best.start, best.n, best.level = i, sum.n, sum.sum/sum.n
		}
	}
	if best.start < 0 {
		return change{}
	}
	best.known = true
	best.lo, best.hi = best.start, best.start
	best.sd = zs[best.start-g.search]
	for s, v := range zs {
		if best.sd*best.sd-v*v < onsetSlack {
			best.lo, best.hi = min(best.lo, g.search+s), max(best.hi, g.search+s)
		}
	}
	best.up = best.level > best.normal
	return best
}
