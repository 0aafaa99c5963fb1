package postgresql

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine makes foreign text fit for a line: no control or format characters,
// runs of white space as one blank, at most so many bytes.
func oneLine(s string, most int) string {
	var b strings.Builder
	blank := false
	for _, r := range s {
		if unicode.IsSpace(r) || r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			blank = b.Len() > 0
			continue
		}
		if b.Len()+utf8.RuneLen(r) > most {
			b.WriteString("...")
			break
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// statement makes the text of a statement fit to be shown: one line, cut, and
// without its literals unless they are kept. A text that the server cut within a
// literal ends there.
func (s *Source) statement(sql string, most int) string {
	if !s.c.KeepLiterals {
		sql = withoutLiterals(sql)
	}
	return oneLine(sql, most)
}

// withoutLiterals puts a ? in the place of every string, number and bit string
// of a statement, and leaves comments out. Names, quoted ones too, and $1 stay.
// Whether a backslash escapes in a plain string depends on the session's
// standard_conforming_strings, which is not known: what either way hides is hidden.
func withoutLiterals(sql string) string {
	parts := make([]part, len(sql))
	for _, escapes := range []bool{false, true} {
		for i := 0; i < len(sql); {
			end, literal := lexeme(sql, i, escapes)
			what := shown
			switch {
			case literal:
				what = hidden
			case isComment(sql[i:]):
				what = remark
			}
			for k := i; k < end; k++ {
				parts[k] = max(parts[k], what)
			}
			i = end
		}
	}
	var b strings.Builder
	for i, p := range parts {
		first := i == 0 || parts[i-1] != p
		switch {
		case p == shown:
			b.WriteByte(sql[i])
		case first && p == hidden:
			b.WriteByte('?')
		case first:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// part is what a byte of a statement is, the greater the less it may be shown.
type part uint8

const (
	shown part = iota
	remark
	hidden
)

func isComment(s string) bool { return strings.HasPrefix(s, "--") || strings.HasPrefix(s, "/*") }

// lexeme finds where the piece of SQL at i ends, and whether it is a literal. A
// backslash escapes in strings that begin with E, and in plain ones as it is said.
func lexeme(sql string, i int, escapes bool) (end int, literal bool) {
	rest := sql[i:]
	c := rest[0]
	switch {
	case strings.HasPrefix(rest, "--"):
		return i + until(rest, "\n"), false
	case strings.HasPrefix(rest, "/*"):
		return i + comment(rest), false
	case c == '\'':
		return i + stringLen(rest, 1, escapes), true
	case len(rest) > 1 && rest[1] == '\'' && strings.IndexByte("eEbBxXnN", c) >= 0:
		return i + stringLen(rest, 2, c == 'e' || c == 'E' || escapes && (c == 'n' || c == 'N')), true
	case len(rest) > 2 && (c == 'u' || c == 'U') && rest[1:3] == "&'":
		return i + stringLen(rest, 3, false), true
	case c == '"':
		return i + quoted(rest, 1, '"', false), false
	case c == '$':
		return dollar(sql, i)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return i + run(rest, func(c byte) bool { return isDigit(c) || c == '.' || isWord(c) }), true
	case isWord(c):
		return i + run(rest, func(c byte) bool { return isWord(c) || c == '$' }), false
	}
	return i + 1, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c >= 0x80
}

// until is the length of s up to and with end, or all of it.
func until(s, end string) int {
	if at := strings.Index(s, end); at >= 0 {
		return at + len(end)
	}
	return len(s)
}

func run(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

// comment is the length of a block comment; they nest.
func comment(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// stringLen is the length of a string from its head on, with the strings that
// continue it after a line's end: they escape as the first does.
func stringLen(s string, head int, escapes bool) int {
	n := quoted(s, head, '\'', escapes)
	for {
		gap := between(s[n:])
		if gap == 0 {
			return n
		}
		n += gap + quoted(s[n+gap:], 1, '\'', escapes)
	}
}

// between is the length of the white space, with a line's end in it, between a
// string and one that continues it; 0: none does.
func between(s string) int {
	line := false
	for i := 0; i < len(s); {
		switch {
		case s[i] == '\'' && line:
			return i
		case strings.HasPrefix(s[i:], "--"):
			n := strings.IndexAny(s[i:], "\n\r")
			if n < 0 {
				return 0
			}
			i += n
		case strings.IndexByte(" \t\n\r\f\v", s[i]) >= 0:
			line = line || s[i] == '\n' || s[i] == '\r'
			i++
		default:
			return 0
		}
	}
	return 0
}

// quoted is the length of what is quoted from its head on; a doubled quote
// belongs to it, and what a backslash escapes if that counts.
func quoted(s string, head int, quote byte, escapes bool) int {
	for i := head; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

// dollar reads $1, which stays, or a $tag$ ... $tag$ string.
func dollar(sql string, i int) (end int, literal bool) {
	n := 1 + run(sql[i+1:], isWord)
	if i+n >= len(sql) || sql[i+n] != '$' || n > 1 && isDigit(sql[i+1]) {
		return i + n, false
	}
	tag := sql[i : i+n+1]
	return i + len(tag) + until(sql[i+len(tag):], tag), true
}

// label makes a name that the system gave fit to be the value of a label in the
// name of a series.
func label(s string) string {
	s = oneLine(s, 60)
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("{}=,\"", r) {
			return '_'
		}
		return r
	}, s)
}

// id writes an identifier of the server, as of a statement.
func id(n int64) string { return strconv.FormatInt(n, 10) }
