package knowledge

import (
	"fmt"
	"strings"
)

// A pattern is a condition on the tokens of a metric name, written as terms
// that must all hold, separated by spaces:
//
//	cpu            one token is "cpu"
//	rx|receive*    one token is "rx" or begins with "receive"
//	!idle|wait     no token is "idle" or "wait"
//	^node|host     the first token is "node", or one is "host"
//	total$         the last token is "total"
//	read+rows      "read" is followed at once by "rows"; a part may end in *
type pattern struct{ terms []term }

// term is one condition: some alternative holds, or, if not, none does.
type term struct {
	alts []alternative
	not  bool
}

// alternative is a run of consecutive token patterns, maybe bound to the
// beginning or the end of the name.
type alternative struct {
	run         []glob
	first, last bool
}

// glob is a token, or the beginning of one.
type glob struct {
	text   string
	prefix bool
}

// parsePattern reads a pattern; the error says what is wrong, without a place.
func parsePattern(s string) (pattern, error) {
	var p pattern
	for _, field := range strings.Fields(s) {
		t, err := parseTerm(field)
		if err != nil {
			return pattern{}, err
		}
		p.terms = append(p.terms, t)
	}
	if len(p.positives()) == 0 {
		return pattern{}, fmt.Errorf("pattern %q asks for no token: at least one term without ! is needed", s)
	}
	return p, nil
}

// parseTerm reads one term.
func parseTerm(field string) (term, error) {
	var t term
	rest, not := strings.CutPrefix(field, "!")
	t.not = not
	for text := range strings.SplitSeq(rest, "|") {
		var alt alternative
		text, alt.first = strings.CutPrefix(text, "^")
		text, alt.last = strings.CutSuffix(text, "$")
		for part := range strings.SplitSeq(text, "+") {
			g := glob{text: part}
			g.text, g.prefix = strings.CutSuffix(part, "*")
			if err := checkToken(g.text, field); err != nil {
				return term{}, err
			}
			alt.run = append(alt.run, g)
		}
		t.alts = append(t.alts, alt)
	}
	return t, nil
}

// checkToken refuses what can never equal a token.
func checkToken(text, field string) error {
	if text == "%" {
		return nil
	}
	if text == "" {
		return fmt.Errorf("term %q has an empty alternative", field)
	}
	if got := tokens(text); len(got) != 1 || got[0] != text {
		return fmt.Errorf("%q in term %q is not one token: names are split at punctuation, humps and digits into lower case; write runs as a+b", text, field)
	}
	return nil
}

// positives returns the terms that ask for a token.
func (p pattern) positives() []term {
	var out []term
	for _, t := range p.terms {
		if !t.not {
			out = append(out, t)
		}
	}
	return out
}

// match reports whether the tokens of a name satisfy the pattern.
func (p pattern) match(name []string) bool {
	for i := range p.terms {
		if p.terms[i].holds(name) == p.terms[i].not {
			return false
		}
	}
	return true
}

// holds reports whether some alternative occurs.
func (t *term) holds(name []string) bool {
	for i := range t.alts {
		if t.alts[i].in(name) {
			return true
		}
	}
	return false
}

// in reports whether the run stands where it may.
func (a *alternative) in(name []string) bool {
	from, to := 0, len(name)-len(a.run)
	if a.last {
		from = to
	}
	if a.first {
		to = min(to, 0)
	}
	for at := max(from, 0); at <= to; at++ {
		if a.at(name[at:]) {
			return true
		}
	}
	return false
}

// at reports whether the run stands at the beginning of name, which is long
// enough.
func (a *alternative) at(name []string) bool {
	for i, g := range a.run {
		if g.prefix && !strings.HasPrefix(name[i], g.text) || !g.prefix && name[i] != g.text {
			return false
		}
	}
	return true
}

// keys returns tokens of which one must be in a matching name, or nil if that
// cannot be said because of globs; an index over patterns is built with it.
func (p pattern) keys() []string {
	var best []string
	for _, t := range p.positives() {
		var keys []string
		for i := range t.alts {
			if k := t.alts[i].key(); k != "" {
				keys = append(keys, k)
			}
		}
		if len(keys) == len(t.alts) && (best == nil || len(keys) < len(best)) {
			best = keys
		}
	}
	return best
}

// key returns a token that the run always holds, or "".
func (a *alternative) key() string {
	for _, g := range a.run {
		if !g.prefix {
			return g.text
		}
	}
	return ""
}
