package compress

import "strings"

// Wild is how a variable part is written in a template.
const Wild = "<*>"

// canonical turns tokens into the parts of a shape. What needs more than one
// pass to see is masked here: dates of several words, truth values, units.
func canonical(b []byte, toks []token) []part {
	parts := make([]part, 0, len(toks))
	for _, t := range toks {
		switch t.kind {
		case spaceToken:
			parts = append(parts, part{" ", spaceToken})
		case wordToken, sepToken:
			parts = append(parts, part{string(b[t.from:t.to]), t.kind})
		default:
			parts = append(parts, part{"", t.kind})
		}
	}
	parts = dates(parts)
	for i := range parts {
		p := &parts[i]
		switch {
		case p.kind > varToken:
			p.kind = varToken
		case p.kind == wordToken && truth(p.text):
			*p = part{"", varToken}
		case p.kind == wordToken && strings.Contains(p.text, Wild):
			p.text = strings.ReplaceAll(p.text, Wild, "")
		}
	}
	return unlisted(joined(parts))
}

func truth(w string) bool {
	switch w {
	case "true", "false", "True", "False", "TRUE", "FALSE", "null", "NULL", "nil":
		return true
	}
	return false
}

// dates folds a date and a time of day, and the words of a date, into one
// variable part: "Sat Jul 9 12:59:44 2005", "2017-05-16 05:00:00".
func dates(parts []part) []part {
	out := parts[:0]
	for i := 0; i < len(parts); {
		if n := dateAt(parts[i:]); n > 0 {
			out = append(out, part{"", varToken})
			i += n
			continue
		}
		out = append(out, parts[i])
		i++
	}
	return out
}

// dateAt returns how many parts a date of several words takes, 0 if none starts.
func dateAt(p []part) int {
	i := 0
	next := func(ok func(part) bool) bool {
		if i < len(p) && ok(p[i]) {
			i++
			return true
		}
		return false
	}
	blank := func(q part) bool { return q.kind == spaceToken }
	number := func(q part) bool { return q.kind == varToken }
	clock := func(q part) bool { return q.kind == clockToken }
	if next(func(q part) bool { return q.kind == dateToken }) {
		if next(blank) && next(clock) {
			return i
		}
		return 0
	}
	if next(func(q part) bool { return q.kind == wordToken && named(dayWords, q.text) }) {
		next(func(q part) bool { return q.text == "," })
		if !next(blank) {
			return 0
		}
	}
	if !next(func(q part) bool { return q.kind == wordToken && named(monthWords, q.text) }) {
		return 0
	}
	if !next(blank) || !next(number) || !next(blank) || !next(clock) {
		return 0
	}
	if i+1 < len(p) && blank(p[i]) && number(p[i+1]) {
		return i + 2
	}
	if i+3 < len(p) && blank(p[i]) && zoneName(p[i+1]) && blank(p[i+2]) && number(p[i+3]) {
		return i + 4
	}
	return i
}

const (
	dayWords   = " Mon Tue Wed Thu Fri Sat Sun "
	monthWords = " Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec "
)

func named(list, w string) bool {
	return len(w) == 3 && strings.Contains(list, w)
}

func zoneName(p part) bool {
	return p.kind == wordToken && len(p.text) >= 3 && len(p.text) <= 4 && strings.ToUpper(p.text) == p.text
}

// joined makes one variable part of those that stand side by side, or with one
// joining mark between them.
func joined(parts []part) []part {
	out := parts[:0]
	for _, p := range parts {
		if n := len(out); p.kind == varToken && n > 0 {
			if out[n-1].kind == varToken {
				continue
			}
			if n > 1 && out[n-1].kind == sepToken && out[n-2].kind == varToken && (out[n-1].text == ":" || out[n-1].text == ",") {
				out = out[:n-1]
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

// render writes parts as a template.
func render(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.kind == varToken {
			b.WriteString(Wild)
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}
