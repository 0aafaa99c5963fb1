package evidence

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"triagent/incident"
)

// derive computes a Ratio or Share from the numbers beside it.
func derive(n *number) float64 {
	a, b, ok := strings.Cut(n.Arg, "/")
	if !ok {
		return math.NaN()
	}
	var top, bottom *incident.Number
	for i := range n.of.Numbers {
		switch o := &n.of.Numbers[i]; {
		case o.Stat == Ratio || o.Stat == Share:
		case o.Name == a && top == nil:
			top = o
			if b == a {
				bottom = o
			}
		case o.Name == b && bottom == nil:
			bottom = o
		}
	}
	if top == nil || bottom == nil || bottom.Value == 0 {
		return math.NaN()
	}
	if n.Stat == Share {
		return 100 * top.Value / bottom.Value
	}
	return top.Value / bottom.Value
}

// judgeText checks that whatever looks like a number in the text of evidence is
// one of its numbers, one of its times, or part of a name or a quotation.
func (c *checker) judgeText(e *incident.Evidence, at *place) {
	forms := printedForms(e)
	known := knownWords(e)
	for _, a := range e.Text.Args {
		if a.Phrase {
			continue
		}
		if n := numberNamed(e, a.Name); n != nil {
			if !Prints(a.Value, n.Value, UnitOf(n.Stat, e.Unit)) {
				c.fault(e, "%q reads %q where its number prints %q", a.Name, a.Value, Format(n.Value, UnitOf(n.Stat, e.Unit)))
			}
			continue
		}
		if a.Name == "node" && a.Value != "" && !slices.Contains(known, a.Value) {
			c.fault(e, "it is about node %q and speaks of %q", e.Node, a.Value)
		}
		raw := ""
		if at != nil {
			raw = at.raw
		}
		if quotes(raw, a.Value) {
			continue
		}
		if odd := oddToken(a.Value, known, forms, raw); odd != "" {
			c.fault(e, "%q in its text is none of its numbers and times", odd)
		}
	}
}

// numberNamed is the number that an argument prints; nil: none.
func numberNamed(e *incident.Evidence, name string) *incident.Number {
	for i := range e.Numbers {
		if e.Numbers[i].Name == name {
			return &e.Numbers[i]
		}
	}
	return nil
}

// printedForms is how the numbers and times of evidence may be printed, longest
// first.
func printedForms(e *incident.Evidence) []string {
	var forms []string
	for i := range e.Numbers {
		n := &e.Numbers[i]
		for _, v := range []float64{n.Value, n.Value * (1 + 1e-9), n.Value * (1 - 1e-9)} {
			forms = append(forms, Format(v, UnitOf(n.Stat, e.Unit)))
		}
	}
	windows := []incident.Window{e.Window, e.Onset}
	for i := range e.Numbers {
		windows = append(windows, e.Numbers[i].Windows...)
	}
	for _, w := range windows {
		if w.IsZero() {
			continue
		}
		for _, t := range []time.Time{w.From.UTC(), w.To.UTC()} {
			forms = append(forms, Clock(t), t.Format("2006-01-02 15:04:05"), t.Format(time.RFC3339), t.Format(time.RFC3339Nano))
		}
		forms = append(forms, Format(w.Duration().Seconds(), "s"))
	}
	if e.Score > 0 {
		forms = append(forms, Format(e.Score, ""))
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(forms)
}

// knownWords are the names that evidence is about, longest first.
func knownWords(e *incident.Evidence) []string {
	words := []string{
		string(e.Node), string(e.Peer), e.Name, string(e.Signal), e.Source.File, e.Source.Query, string(e.ID),
	}
	for i := range e.Numbers {
		n := &e.Numbers[i]
		words = append(words, n.Column, n.File)
		if node, ok := strings.CutPrefix(n.Arg, NamesArg); ok {
			words = append(words, node)
		}
		switch n.Stat {
		case SpanCount, SpanQ, SpanFail, SpanSum:
			words = append(words, n.Arg)
			if s, err := ParseSelector(n.Column); err == nil {
				words = append(words, string(s.Node), s.Peer, s.Name, s.Service)
			}
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool {
		_, err := strconv.ParseFloat(w, 64)
		number := err == nil && (e.Kind != incident.Occurred || w != e.Name)
		return w == "" || w == NoPeer || number // a bare number names nothing, but an alert on status 500, whose line has that name
	})
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

// quotes reports whether a text is taken word for word from the line that the
// evidence leads to. A text that could be a number is no quotation.
func quotes(raw, text string) bool {
	if _, _, number := ParsePrinted(text); number || len(text) < 4 || raw == "" {
		return false
	}
	if strings.Contains(raw, text) {
		return true
	}
	q := quoted(text)
	return strings.Contains(raw, q[1:len(q)-1])
}

// oddToken returns the first thing in text that begins with a digit where a
// word could begin and is no part of a known name nor one of forms, nor stands in
// a quotation from raw; "" if there is none.
func oddToken(text string, known, forms []string, raw string) string {
	prev := ' '
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !inWord(prev) {
			if n := startsWith(text[i:], known); n > 0 {
				prev, _ = utf8.DecodeLastRuneInString(text[:i+n])
				i += n
				continue
			}
			signed := r == '-' && i+1 < len(text) && digit(text[i+1])
			if signed || digit(text[i]) {
				n := startsWith(text[i:], forms)
				if n == 0 {
					n = quotedAround(raw, text, i)
				}
				if n == 0 {
					return text[i : i+tokenLength(text[i:])]
				}
				prev, i = '0', i+n
				continue
			}
		}
		prev, i = r, i+size
	}
	return ""
}

// shortestQuote is how many bytes beside the number itself a quotation within a
// sentence must have in common with what it quotes.
const shortestQuote = 10

// quotedAround is the length of the rest, from i on, of the stretch of text
// around the token at i that raw has word for word; 0 if it is too short to be
// a quotation.
func quotedAround(raw, text string, i int) int {
	token := tokenLength(text[i:])
	for token > 0 && !strings.Contains(raw, text[i:i+token]) {
		token-- // punctuation of the sentence
	}
	if token == 0 || !digitsEnd(text[i:], token) {
		return 0
	}
	from, to := i, i+token
	for from > 0 && strings.Contains(raw, text[from-1:to]) {
		from--
	}
	for to < len(text) && strings.Contains(raw, text[from:to+1]) {
		to++
	}
	if to-from < token+shortestQuote || !strings.ContainsFunc(text[from:to], unicode.IsLetter) {
		return 0
	}
	return to - i
}

// digitsEnd reports whether no digit is cut in two by ending text after n bytes.
func digitsEnd(text string, n int) bool {
	return n == len(text) || !digit(text[n-1]) || !digit(text[n])
}

// startsWith is the length of the first of words that text begins with and that
// ends there as a word does; 0: none.
func startsWith(text string, words []string) int {
	for _, w := range words {
		if w == "" || !strings.HasPrefix(text, w) {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(w)
		next, size := utf8.DecodeRuneInString(text[len(w):])
		after, _ := utf8.DecodeRuneInString(text[len(w)+size:])
		switch {
		case size == 0, !inWord(last):
			return len(w)
		case inWord(next) && next != '-':
		case (next == '.' || next == ',') && unicode.IsDigit(after):
		default:
			return len(w)
		}
	}
	return 0
}

func tokenLength(text string) int {
	n := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) })
	if n < 0 {
		return len(text)
	}
	return n
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func inWord(r rune) bool {
	return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
}
