package compress

import "bytes"

// field classifies what is neither letters alone nor digits alone and returns
// the position after it, which may lie beyond to for addresses and paths.
func (s *scanner) field(b []byte, from, to int, f uint8) int {
	end := to
	for to > from && trails(b[to-1]) {
		to--
	}
	for from < to && leads(b, from, to) {
		s.marks(b, from, from+1)
		from++
	}
	if from == to {
		s.marks(b, to, end)
		return end
	}
	switch {
	case f&isDigit == 0:
		if j := s.plain(b, from, to, end, f); j > end {
			return j
		}
	case f&(isHex|isLetter) == 0 || class[b[from]] != isHex && class[b[from]] != isLetter:
		if b[from] == '/' {
			end = path(b, end)
			to = end
		}
		s.variable(b, from, to)
	default:
		s.mixed(b, from, to, end)
	}
	s.marks(b, to, end)
	return end
}

// plain adds a field without digits: a path, a host before a port, or a word.
func (s *scanner) plain(b []byte, from, to, end int, f uint8) int {
	core := b[from:to]
	switch {
	case f&isSlash != 0 && (core[0] == '/' && len(core) > 1 || bytes.Count(core, slash) > 1):
		if j := path(b, end); j > end {
			s.variable(b, from, j)
			return j
		}
		s.variable(b, from, to)
	case f == isHex && len(core) >= 8: // ffffffff
		s.variable(b, from, to)
	case f&isBack != 0 && bytes.Count(core, backslash) > 1:
		s.variable(b, from, to)
	case end < len(b) && b[end] == ':' && end == to:
		if j := address(b, from, end); j > 0 {
			s.put(varToken, from, j)
			return j
		}
		if end+1 < len(b) && b[end+1]-'0' <= 9 && bytes.IndexByte(core, '.') > 0 {
			s.variable(b, from, to) // the port joins it
			return end
		}
		s.word(b, from, to)
	default:
		s.word(b, from, to)
	}
	return end
}

var slash, backslash = []byte{'/'}, []byte{'\\'}

// mixed adds a field of letters and digits that starts with a letter.
func (s *scanner) mixed(b []byte, from, to, end int) {
	core := b[from:to]
	if len(core) == 2 && hexOnly(core) && s.octet(b, from, to) {
		s.variable(b, from, to)
		return
	}
	if end < len(b) && b[end] == '=' && end == to && digits(core) <= 3 {
		s.word(b, from, to) // a key stays
		s.own = true
		return
	}
	k := split(core)
	s.own = s.own || k == len(core) || nearlyKnown(core)
	if k > 0 {
		s.word(b, from, from+k)
		if k < len(core) {
			s.put(varToken, from+k, to)
		}
		return
	}
	s.variable(b, from, to)
}

// split returns how many bytes of a field of letters and digits are constant:
// all of "log4j", "core." of "core.2275", "Server@" of "Server@1c9a5d5", 0 if
// the field is variable.
func split(core []byte) int {
	if known(core) {
		return len(core)
	}
	first, last, runs := -1, -1, 0
	for i, c := range core {
		if c-'0' <= 9 {
			if first < 0 || last != i-1 {
				runs++
			}
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if k := bytes.IndexByte(core, '@'); k > 1 && k < first && hexOnly(core[k+1:]) && simple(core[:k]) {
		return k + 1
	}
	if runs == 1 {
		switch n := last - first + 1; {
		case last == len(core)-1 && core[first-1] == '.' && first > 1 && simple(core[:first-1]):
			return first // core.2275, instruction......0
		case last == len(core)-1 && len(core) == 2 && core[0]-'A' <= 25:
			return 2 // L3, C1
		case n <= 2 && last < len(core)-1 && inner(core, first, last):
			return len(core)
		}
	}
	return 0
}

// inner reports whether one or two digits stand inside an identifier, as in
// log4j, jk2_init or org.v2.app, and not in a host name or a short hash.
func inner(core []byte, first, last int) bool {
	a, z := core[first-1], core[last+1]
	if class[a]&(isHex|isLetter) == 0 || (class[z]&(isHex|isLetter) == 0 && z != '_' && z != '$' && z != '.') {
		return false
	}
	return bytes.IndexByte(core, '-') < 0 && (len(core) < 6 || !hexOnly(core)) && bytes.IndexByte(core, '/') < 0
}

// simple reports whether text is made of letters and the marks of identifiers.
func simple(text []byte) bool {
	for _, c := range text {
		if class[c]&(isHex|isLetter) == 0 && c != '.' && c != '-' && c != '_' && c != '$' {
			return false
		}
	}
	return true
}

func hexOnly(text []byte) bool {
	for _, c := range text {
		if class[c]&(isHex|isDigit) == 0 {
			return false
		}
	}
	return len(text) > 0
}

func digits(text []byte) (n int) {
	for _, c := range text {
		if c-'0' <= 9 {
			n++
		}
	}
	return n
}

// address finds the end of a URL or a Windows path whose scheme or drive is
// from:colon, 0 if it is neither.
func address(b []byte, from, colon int) int {
	i := colon + 1
	switch {
	case i+2 < len(b) && b[i] == '/' && b[i+1] == '/' && b[i+2] > ' ':
	case i < len(b) && b[i] == '\\' && colon-from == 1:
	default:
		return 0
	}
	for i < len(b) {
		switch c := b[i]; {
		case c <= ' ', c == '"', c == '\'', c == '<', c == '>', c == '|':
			return untrail(b, i)
		case c == ',' || c == ')' || c == ']' || c == ';' || c == '}':
			if i+1 == len(b) || class[b[i+1]] == isDelim {
				return untrail(b, i)
			}
		}
		i++
	}
	return untrail(b, i)
}

func untrail(b []byte, i int) int {
	for i > 0 && (trails(b[i-1]) || b[i-1] == ':') && b[i-1] != '*' {
		i--
	}
	return i
}

// path finds the end of a path that goes on with the query after i.
func path(b []byte, i int) int {
	for i < len(b) && b[i] == '=' && i+1 < len(b) && class[b[i+1]] != isDelim {
		for i++; i < len(b) && class[b[i]] != isDelim; i++ {
		}
	}
	return i
}

// trails marks punctuation that does not belong to the word before it.
func trails(c byte) bool {
	return c == '.' || c == '!' || c == '?' || c == '*' || c == '-' || c == '%' || c == '#' || c == '+' || c == '~'
}

// leads marks punctuation that does not belong to the word after it. A sign or
// a point before a digit does.
func leads(b []byte, from, to int) bool {
	switch c := b[from]; c {
	case '*', '!', '?', '#', '&', '%', '^', '`', '~', '+':
		return true
	case '.':
		if from+1 < to && b[from+1] == '/' {
			return false
		}
		fallthrough
	case '-':
		return from+1 >= to || b[from+1]-'0' > 9 || from > 0 && b[from-1] == c
	}
	return false
}
