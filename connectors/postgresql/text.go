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
func withoutLiterals(sql string) string {
	var b strings.Builder
	for i := 0; i < len(sql); {
		end, literal := lexeme(sql, i)
		switch {
		case literal:
			b.WriteByte('?')
		case isComment(sql[i:]):
			b.WriteByte(' ')
		default:
			b.WriteString(sql[i:end])
		}
		i = end
	}
	return b.String()
}

func isComment(s string) bool { return strings.HasPrefix(s, "--") || strings.HasPrefix(s, "/*") }

// lexeme finds where the piece of SQL at i ends, and whether it is a literal.
func lexeme(sql string, i int) (end int, literal bool) {
	rest := sql[i:]
	c := rest[0]
	switch {
	case strings.HasPrefix(rest, "--"):
		return i + until(rest, "\n"), false
	case strings.HasPrefix(rest, "/*"):
		return i + comment(rest), false
	case c == '\'':
		return i + quoted(rest, 1, '\'', false), true
	case len(rest) > 1 && rest[1] == '\'' && strings.IndexByte("eEbBxXnN", c) >= 0:
		return i + quoted(rest, 2, '\'', c == 'e' || c == 'E'), true
	case len(rest) > 2 && (c == 'u' || c == 'U') && rest[1:3] == "&'":
		return i + quoted(rest, 3, '\'', false), true
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
