package telemetry

import (
	"bytes"
	"math"
	"strconv"

	"triagent/internal/errs"
)

// row splits lines of CSV (RFC 4180, except that a field cannot span lines)
// into fields. The fields of a row are valid until the next split.
type row struct {
	fields [][]byte
	tmp    []byte // unquoted text
}

// split reads the fields of a line.
func (r *row) split(line []byte, file string, number int) error {
	r.fields, r.tmp = r.fields[:0], r.tmp[:0]
	if bytes.IndexByte(line, '"') < 0 {
		for {
			i := bytes.IndexByte(line, ',')
			if i < 0 {
				r.fields = append(r.fields, line)
				return nil
			}
			r.fields = append(r.fields, line[:i])
			line = line[i+1:]
		}
	}
	// Unquoted text is never longer than the line: tmp does not move.
	if cap(r.tmp) < len(line) {
		r.tmp = make([]byte, 0, len(line))
	}
	for {
		field, rest, problem := r.field(line)
		if problem != "" {
			return errs.At(file, number, len(r.fields)+1, "%s", problem)
		}
		r.fields = append(r.fields, field)
		if rest == nil {
			return nil
		}
		line = rest[1:]
	}
}

// field reads one field; rest starts at the comma after it, nil at the end.
func (r *row) field(line []byte) (field, rest []byte, problem string) {
	if len(line) == 0 || line[0] != '"' {
		if i := bytes.IndexByte(line, ','); i >= 0 {
			return line[:i], line[i:], ""
		}
		return line, nil, ""
	}
	from := len(r.tmp)
	for line = line[1:]; ; {
		i := bytes.IndexByte(line, '"')
		if i < 0 {
			return nil, nil, "a quoted field does not end in its line"
		}
		r.tmp = append(r.tmp, line[:i]...)
		line = line[i+1:]
		switch {
		case len(line) == 0:
			return r.tmp[from:], nil, ""
		case line[0] == ',':
			return r.tmp[from:], line, ""
		case line[0] != '"':
			return nil, nil, "text behind a quoted field"
		}
		r.tmp = append(r.tmp, '"')
		line = line[1:]
	}
}

var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseFloat reads a decimal number exactly as strconv.ParseFloat does, but not
// hexadecimal ones, underscores or words. Up to 15 digits with a small power of
// ten are exact in one operation; the rest goes to strconv.
//
// Source: W. D. Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990.
func parseFloat(t []byte) (float64, bool) {
	i, neg := 0, false
	if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
		neg, i = t[0] == '-', 1
	}
	var mant uint64
	digits, exp := 0, 0
	from := i
	for ; i < len(t) && t[i]-'0' <= 9; i++ {
		mant = mant*10 + uint64(t[i]-'0')
	}
	digits = i - from
	if i < len(t) && t[i] == '.' {
		dot := i
		for i++; i < len(t) && t[i]-'0' <= 9; i++ {
			mant = mant*10 + uint64(t[i]-'0')
		}
		exp = dot + 1 - i
		digits += i - dot - 1
	}
	if digits == 0 {
		return 0, false
	}
	if i < len(t) && t[i]|0x20 == 'e' {
		e, ok := parseExponent(t[i+1:])
		if !ok {
			return 0, false
		}
		exp += e
		i = len(t)
	}
	if i != len(t) {
		return 0, false
	}
	if digits > 18 || mant > 1<<53 || exp < -22 || exp > 22 {
		f, err := strconv.ParseFloat(string(t), 64)
		return f, err == nil
	}
	f := float64(mant)
	if exp < 0 {
		f /= pow10[-exp]
	} else {
		f *= pow10[exp]
	}
	if neg {
		f = -f
	}
	return f, true
}

func parseExponent(t []byte) (int, bool) {
	neg := false
	if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
		neg, t = t[0] == '-', t[1:]
	}
	if len(t) == 0 || leadingDigits(t) != len(t) {
		return 0, false
	}
	e := 0
	for _, b := range t {
		e = min(e*10+int(b-'0'), 1<<20)
	}
	if neg {
		e = -e
	}
	return e, true
}

// sample reads a cell of a metric: a number, or a gap (empty or NaN). An
// infinity, which no statistic survives, reads as a gap too; inf reports it.
func sample(t []byte) (v float64, inf, ok bool) {
	if len(t) == 0 {
		return math.NaN(), false, true
	}
	if v, ok = parseFloat(t); ok {
		return v, false, true
	}
	if t = bytes.TrimSpace(t); len(t) == 0 || bytes.EqualFold(t, []byte("nan")) {
		return math.NaN(), false, true
	}
	if v, ok = parseFloat(t); ok {
		return v, false, true
	}
	switch string(bytes.ToLower(bytes.TrimLeft(t, "+-"))) {
	case "inf", "infinity":
		return math.NaN(), len(t) > 2, true
	}
	return 0, false, false
}
