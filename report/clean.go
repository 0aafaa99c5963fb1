package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// clean makes foreign text fit for one line of any report: line breaks and tabs
// become a space, control characters and those that turn the direction of
// writing around are dropped, and broken UTF-8 is marked.
func clean(s string) string {
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
	head := runewidth.Truncate(s, (n-1)/2, "")
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
			cut := runewidth.Truncate(piece, n, "")
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
			(prev == ' ' || runewidth.RuneWidth(prev) == 2 || runewidth.RuneWidth(r) == 2) {
			out = append(out, s[start:i])
			start = i
		}
		prev = r
	}
	return append(out, s[start:])
}
