package evidence

import (
	"math"
	"strconv"
	"strings"
)

// noValue is how a number that does not exist is printed.
const noValue = "–"

// Format prints a number of evidence: three significant digits, whole numbers
// without a unit in full up to 999,999, and the unit behind a blank. Bytes take
// binary prefixes (KiB), times the unit that suits them (µs, ms, s), all other
// large numbers k, M, G. It is the one way in which evidence prints numbers, so
// that a checker can do the same.
func Format(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return noValue
	}
	switch unit {
	case "percent", "%":
		return plain(v) + " %"
	case "bytes", "B":
		return binary(v, "B")
	case "bytes/s", "B/s":
		return binary(v, "B/s")
	case "KiB", "kB":
		return binary(v*(1<<10), "B")
	case "MiB", "MB":
		return binary(v*(1<<20), "B")
	case "ns":
		return duration(v / 1e6)
	case "us", "µs":
		return duration(v / 1e3)
	case "ms":
		return duration(v)
	case "s":
		return duration(v * 1e3)
	case "1/s", "/s", "per_s", "ops/s", "count/s":
		return prefixed(v) + "/s"
	case "", "count", "ratio", "share":
		return prefixed(v)
	}
	return prefixed(v) + " " + unit
}

// Prints reports whether printed is how v is printed. A v that lies on the
// border between two roundings, give or take the error of floating point, may
// be printed either way.
func Prints(printed string, v float64, unit string) bool {
	return printed == Format(v, unit) || printed == Format(v*(1+1e-9), unit) || printed == Format(v*(1-1e-9), unit)
}

// binary prints bytes.
func binary(v float64, unit string) string {
	for _, p := range []struct {
		name string
		size float64
	}{{"Ti", 1 << 40}, {"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if math.Abs(v) >= p.size {
			return significant(v/p.size) + " " + p.name + unit
		}
	}
	return significant(v) + " " + unit
}

// duration prints milliseconds.
func duration(ms float64) string {
	switch a := math.Abs(ms); {
	case a == 0:
		return "0 ms"
	case a >= 999.5:
		return plain(ms/1e3) + " s"
	case a < .0995:
		return significant(ms*1e3) + " µs"
	}
	return significant(ms) + " ms"
}

// plain prints a number that never takes a prefix.
func plain(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return significant(v)
}

// prefixed prints a number with a prefix where it is large.
func prefixed(v float64) string {
	a := math.Abs(v)
	switch {
	case v == math.Trunc(v) && a < 1e6:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 1e12 && a < 1e15:
		return significant(v/1e12) + "T"
	case a >= 1e9 && a < 1e12:
		return significant(v/1e9) + "G"
	case a >= 1e6 && a < 1e9:
		return significant(v/1e6) + "M"
	case a >= 1e4 && a < 1e6:
		return significant(v/1e3) + "k"
	}
	return significant(v)
}

// significant prints three significant digits without trailing zeros, and
// without an exponent from 0.0001 to a million.
func significant(v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e6) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		if n, err := strconv.Atoi(exponent); err == nil {
			return mantissa + "e" + strconv.Itoa(n)
		}
	}
	if f == 0 {
		return "0" // never "-0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// scales are what a unit as Format prints it stands for, with the unit that
// Format was given.
var scales = map[string]struct {
	by   float64
	unit string
}{
	"": {1, ""}, "%": {1, "percent"}, "/s": {1, "1/s"},
	"k": {1e3, ""}, "M": {1e6, ""}, "G": {1e9, ""}, "T": {1e12, ""},
	"k/s": {1e3, "1/s"}, "M/s": {1e6, "1/s"}, "G/s": {1e9, "1/s"}, "T/s": {1e12, "1/s"},
	"B": {1, "bytes"}, "KiB": {1 << 10, "bytes"}, "MiB": {1 << 20, "bytes"}, "GiB": {1 << 30, "bytes"}, "TiB": {1 << 40, "bytes"},
	"B/s": {1, "bytes/s"}, "KiB/s": {1 << 10, "bytes/s"}, "MiB/s": {1 << 20, "bytes/s"}, "GiB/s": {1 << 30, "bytes/s"}, "TiB/s": {1 << 40, "bytes/s"},
	"µs": {1e-3, "ms"}, "ms": {1, "ms"}, "s": {1e3, "ms"},
}

// ParsePrinted reads what Format printed: the value, to the digits that were
// printed, and the unit in the base form of its family ("bytes", "bytes/s",
// "ms", "percent", "1/s", ""; any other as it stands). ok is false for text
// that Format does not print.
func ParsePrinted(s string) (v float64, unit string, ok bool) {
	end := 0
	for end < len(s) && (s[end] == '-' || s[end] == '.' || s[end] >= '0' && s[end] <= '9' ||
		s[end] == 'e' && end+1 < len(s) && (s[end+1] == '-' || s[end+1] >= '0' && s[end+1] <= '9')) {
		end++
	}
	v, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 0, "", false
	}
	rest := s[end:]
	word := strings.TrimPrefix(rest, " ")
	if k, found := scales[word]; found {
		return v * k.by, k.unit, true
	}
	for _, p := range []string{"k", "M", "G", "T"} { // "1.5M rows"
		if after, found := strings.CutPrefix(rest, p+" "); found && after != "" {
			return v * scales[p].by, after, true
		}
	}
	return v, word, rest != word
}
