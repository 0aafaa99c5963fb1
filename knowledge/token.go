package knowledge

// tokens splits a metric name into lower-case tokens: at everything that is
// neither letter nor digit (a percent sign is a token of its own), at the humps
// of camel case ("CpuUsage", "SendKB", "MeasuredCPU") and between letters and
// digits. "PodServerLatencyP90(s)" gives pod server latency p 90 s. Letters
// beyond ASCII belong to the token they stand in.
func tokens(name string) []string {
	var out []string
	start := -1
	flush := func(end int) {
		if start >= 0 && end > start {
			out = append(out, lower(name[start:end]))
		}
		start = -1
	}
	for i := 0; i < len(name); i++ {
		c := classOf(name[i])
		if c == other {
			flush(i)
			if name[i] == '%' {
				out = append(out, "%")
			}
			continue
		}
		if start >= 0 && splits(name, i, c) {
			flush(i)
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(name))
	return out
}

// class is what kind of character a byte is.
type class uint8

const (
	other class = iota
	lowerLetter
	upperLetter
	digit
)

// classOf sorts a byte; bytes of multi-byte characters count as lower case.
func classOf(c byte) class {
	switch {
	case c >= 'a' && c <= 'z', c >= 0x80:
		return lowerLetter
	case c >= 'A' && c <= 'Z':
		return upperLetter
	case c >= '0' && c <= '9':
		return digit
	}
	return other
}

// splits reports whether a new token begins at i, whose class is c, within a
// run of letters and digits.
func splits(name string, i int, c class) bool {
	before := classOf(name[i-1])
	switch {
	case (before == digit) != (c == digit):
		return true
	case before == lowerLetter && c == upperLetter:
		return true
	case before == upperLetter && c == upperLetter:
		// The last capital of a run begins the next word: "TCPRetrans".
		return i+1 < len(name) && classOf(name[i+1]) == lowerLetter && !unitTail(name, i)
	}
	return false
}

// unitTail reports whether what follows i is a plural s that ends the word, as
// in "IOs" or "TPSs".
func unitTail(name string, i int) bool {
	return i+1 < len(name) && name[i+1] == 's' && (i+2 == len(name) || classOf(name[i+2]) == other)
}

// lower folds ASCII capitals; the common case of none does not allocate.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if b[j] >= 'A' && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
