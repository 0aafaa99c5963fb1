package compress

import (
	"bytes"
	"strings"
)

// A Matcher tells whether messages are instances of one template. It is not
// safe for concurrent use.
type Matcher struct {
	pattern []byte // the template, one hole for each <*>
	anchor  []byte // longest constant word: a message without it is no instance
	scan    scanner
	line    []byte // the masked message, reused
}

// hole stands for a variable part. Scanning turns control bytes into blanks,
// so no constant part holds one.
const hole = 0

// NewMatcher returns a Matcher for a template as Miner.Template writes it.
func NewMatcher(template string) *Matcher {
	m := &Matcher{pattern: []byte(strings.ReplaceAll(template, Wild, "\x00"))}
	for _, w := range bytes.FieldsFunc(m.pattern, func(r rune) bool { return r == ' ' || r == hole }) {
		if len(w) > len(m.anchor) {
			m.anchor = w
		}
	}
	return m
}

// Match reports whether message, without header and of several lines only the
// first, is an instance of the template: constant parts are equal but for the
// width of blanks, and each <*> stands for a variable part as the Miner masks
// them or for one or more characters that are not blank. Every message that a
// Miner counted for a template is an instance of it. A message may be an
// instance of several templates.
func (m *Matcher) Match(message []byte) bool {
	if n := bytes.IndexByte(message, '\n'); n >= 0 {
		message = message[:n]
	}
	if len(message) > defaultBytes {
		message = message[:defaultBytes]
	}
	if !bytes.Contains(message, m.anchor) {
		return false
	}
	m.scan.scan(message)
	m.line = m.line[:0]
	for _, p := range canonical(message, m.scan.toks[:m.scan.n]) {
		if p.kind == varToken {
			m.line = append(m.line, hole)
		} else {
			m.line = append(m.line, p.text...)
		}
	}
	return glob(m.pattern, m.line)
}

// Match reports whether line, a message without header, is an instance of
// template. See Matcher.Match; for many lines make a Matcher once.
func Match(template, line string) bool {
	return NewMatcher(template).Match([]byte(line))
}

// glob matches masked text with a pattern whose holes stand for one or more
// bytes that are no blanks. Going back to the last hole is enough, as a hole
// does not reach over a blank, but for a unit of bytes after a number and lists.
func glob(pattern, text []byte) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == hole && text[t] != ' ' {
			star, mark = p, t+1
			p++
			t++
			continue
		}
		if p < len(pattern) && pattern[p] == text[t] && text[t] != hole {
			p++
			t++
			continue
		}
		if star < 0 || mark >= len(text) {
			return false
		}
		if text[mark] == ' ' {
			n := unitAt(text, mark)
			if n == 0 && spans(pattern, star, text[mark-1]) {
				n = 1
			}
			if n == 0 {
				return false
			}
			mark += n - 1
		}
		mark++
		p, t = star+1, mark
	}
	return p == len(pattern)
}

// spans reports whether the hole at i goes on over a blank after the byte last:
// always if it is all that is quoted, after a comma if all that is in brackets.
func spans(pattern []byte, i int, last byte) bool {
	if i == 0 || i+1 == len(pattern) {
		return false
	}
	switch pattern[i-1] {
	case '"':
		return pattern[i+1] == '"'
	case '[':
		return last == ',' && pattern[i+1] == ']'
	case '(':
		return last == ',' && pattern[i+1] == ')'
	case '{':
		return last == ',' && pattern[i+1] == '}'
	}
	return false
}

// unitAt returns the length of a blank and a unit of bytes at i, after a
// variable part, 0 if there is none.
func unitAt(text []byte, i int) int {
	if i == 0 || text[i-1] != hole {
		return 0
	}
	j := i + 1
	for j < len(text) && class[text[j]]&(isHex|isLetter) != 0 {
		j++
	}
	if isUnit(part{text: string(text[i+1 : j])}) {
		return j - i
	}
	return 0
}
