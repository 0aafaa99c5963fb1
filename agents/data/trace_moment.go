package data

// moment is the count, sum and sum of squares of values.
type moment struct{ n, sum, sq float64 }

func (m *moment) plus(o moment) {
	m.n += o.n
	m.sum += o.sum
	m.sq += o.sq
}

// variance is the unbiased variance of the values; 0 for fewer than two.
func (m moment) variance() float64 {
	if m.n < 2 {
		return 0
	}
	return max(0, (m.sq-m.sum*m.sum/m.n)/(m.n-1))
}

// moments holds a moment for each bin that has values.
type moments struct {
	runs  []momentRun // by order of arrival; a bin may come again
	total int
	limit int // runs beyond which they are compacted
}

type momentRun struct {
	bin int32
	moment
}

func newMoments(bins int) *moments { return &moments{limit: 2*bins + 16} }

func (m *moments) add(bin int, v float64) {
	m.total++
	one := moment{1, v, v * v}
	if n := len(m.runs); n > 0 && m.runs[n-1].bin == int32(bin) {
		m.runs[n-1].plus(one)
		return
	}
	if len(m.runs) >= m.limit {
		m.compact()
	}
	m.runs = append(m.runs, momentRun{int32(bin), one})
}

// compact brings the runs of each bin together.
func (m *moments) compact() {
	d := m.dense(m.limit)
	m.runs = m.runs[:0]
	for bin, v := range d {
		if v.n > 0 {
			m.runs = append(m.runs, momentRun{int32(bin), v})
		}
	}
}

// dense returns one moment for each bin.
func (m *moments) dense(bins int) []moment {
	d := make([]moment, bins)
	for _, r := range m.runs {
		d[r.bin].plus(r.moment)
	}
	return d
}

// sum adds up the values of bins [lo, hi).
func (m *moments) sum(lo, hi int) (sum float64) {
	for _, r := range m.runs {
		if int(r.bin) >= lo && int(r.bin) < hi {
			sum += r.sum
		}
	}
	return sum
}

// outside adds up the values of the bins that texts compare with, as a rule all
// that are not in the search of g.
func (m *moments) outside(g *grid) (sum float64) {
	for _, r := range g.usuals() {
		sum += m.sum(r.lo, r.hi)
	}
	return sum
}
