package telemetry

import "bytes"

// quick reads a row in one pass if nothing about it is unusual: no quotation
// marks, the time in front, as many fields as the header has, all of them sound.
// Else it changes nothing and reports false, and the row is read again with care.
func (p *table) quick(line []byte, number int) bool {
	cols := len(p.columns)
	if cols == 0 || p.time != 0 || bytes.IndexByte(line, '"') >= 0 {
		return false
	}
	i := bytes.IndexByte(line, ',')
	if i < 0 || p.cells.Load() < int64(cols)+1 {
		return false
	}
	at, problem := parseInstant(bytes.TrimSpace(line[:i]), nil)
	if problem != "" || backwards(p.latest, at, p.back, p.file, number, 1) != nil {
		return false
	}
	chunk, infinite, ok := appendCells(p.room(), line[i+1:], cols)
	if !ok {
		return false
	}
	p.cells.Add(-int64(cols) - 1)
	p.infinite += infinite
	p.stamp(at, number)
	p.chunks[len(p.chunks)-1] = chunk
	return true
}

// appendCells appends the samples of a row that has cols of them.
func appendCells(to []float64, rest []byte, cols int) (out []float64, infinite int, ok bool) {
	for c := range cols {
		v, used, plain := leadingDecimal(rest)
		if !plain {
			if used = bytes.IndexByte(rest, ','); used < 0 {
				used = len(rest)
			}
			var inf bool
			if v, inf, ok = sample(rest[:used]); !ok {
				return to, 0, false
			}
			if inf {
				infinite++
			}
		}
		to = append(to, v)
		if ends := used == len(rest); ends != (c == cols-1) {
			return to, 0, false
		} else if !ends {
			rest = rest[used+1:]
		}
	}
	return to, infinite, true
}

// leadingDecimal reads the decimal number without exponent that fills t up to its
// first comma or its end, as parseFloat does; plain is false where there is none,
// or one that one operation does not give exactly.
func leadingDecimal(t []byte) (v float64, used int, plain bool) {
	i, neg := 0, false
	if len(t) > 0 && t[0] == '-' {
		neg, i = true, 1
	}
	var mant uint64
	from := i
	for ; i < len(t) && t[i]-'0' <= 9; i++ {
		mant = mant*10 + uint64(t[i]-'0')
	}
	digits, exp := i-from, 0
	if i < len(t) && t[i] == '.' {
		dot := i
		for i++; i < len(t) && t[i]-'0' <= 9; i++ {
			mant = mant*10 + uint64(t[i]-'0')
		}
		exp = i - dot - 1
		digits += exp
	}
	if digits == 0 || digits > 18 || mant > 1<<53 || exp > 22 || i < len(t) && t[i] != ',' {
		return 0, 0, false
	}
	v = float64(mant) / pow10[exp]
	if neg {
		v = -v
	}
	return v, i, true
}
