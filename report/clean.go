package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// longest is how many bytes of one foreign text a report for people shows: what
// is longer nobody reads, and its length would set the width of every column.
const longest = 4096

// clean makes foreign text fit for one line of any report: line breaks and tabs
// become a space, control characters and those that turn the direction of
// writing around are dropped, broken UTF-8 is marked, and what is longer than
// longest is cut in its middle.
func clean(s string) string {
	s = shorten(s)
	if plain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r):
		default:
			b.WriteRune(r) // utf8.RuneError for what is not UTF-8
		}
	}
	return strings.TrimSpace(b.String())
}

// shorten cuts the middle out of a text of more than longest bytes, between
// characters.
func shorten(s string) string {
	if len(s) <= longest {
		return s
	}
	head, tail := longest*3/4, len(s)-longest/4
	for head > longest/2 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s)-longest/8 && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + " … " + s[tail:]
}

// plain reports whether s is printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Short makes foreign text fit for one line of n columns of a terminal: without
// control characters, cut in the middle.
func Short(s string, n int) string { return middle(clean(s), n) }

// middle cuts a long name in the middle to at most n columns.
func middle(s string, n int) string {
	if width(s) <= n || n < 3 {
		return s
	}
	head := condition.Truncate(s, (n-1)/2, "")
	rest := n - 1 - width(head)
	tail := s
	for width(tail) > rest {
		_, size := utf8.DecodeRuneInString(tail)
		tail = tail[size:]
	}
	return head + "…" + tail
}

// width is the number of terminal columns that s takes.
func width(s string) int {
	if plain(s) {
		return len(s)
	}
	return condition.StringWidth(s)
}

// condition is fixed, so that a report does not depend on the locale.
var condition = &runewidth.Condition{}

// pad fills s with spaces to n columns.
func pad(s string, n int) string {
	if w := width(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}

// wrap breaks s into lines of at most n columns: after spaces, beside wide
// characters, and within a word only if the word alone is too long.
func wrap(s string, n int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	flush := func() {
		lines = append(lines, strings.TrimRight(line.String(), " "))
		line.Reset()
		used = 0
	}
	for _, piece := range pieces(s) {
		w := width(strings.TrimRight(piece, " "))
		if used > 0 && used+w > n {
			flush()
		}
		for w > n {
			cut := condition.Truncate(piece, n, "")
			line.WriteString(cut)
			flush()
			piece = piece[len(cut):]
			w = width(strings.TrimRight(piece, " "))
		}
		line.WriteString(piece)
		used += width(piece)
	}
	if used > 0 || len(lines) == 0 {
		flush()
	}
	return lines
}

// pieces splits s where a line may break. Punctuation that may not begin a line
// stays with what is before it.
func pieces(s string) []string {
	var out []string
	start, prev := 0, rune(0)
	for i, r := range s {
		if i > start && r != ' ' && !strings.ContainsRune("，。；：！？）】》、,.;:!?)]", r) &&
			(prev == ' ' || condition.RuneWidth(prev) == 2 || condition.RuneWidth(r) == 2) {
			out = append(out, s[start:i])
			start = i
		}
		prev = r
	}
	return append(out, s[start:])
}
