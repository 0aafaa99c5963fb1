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

// parsePattern reads a pattern that was checked.
func parsePattern(s string) pattern {
	p := pattern{make([]term, 0, 4)}
	for field := range strings.FieldsSeq(s) {
		p.terms = append(p.terms, parseTerm(field))
	}
	return p
}

// checkPattern says what is wrong with a pattern, without a place.
func checkPattern(s string) error {
	positive := false
	for _, t := range parsePattern(s).terms {
		positive = positive || !t.not
		for _, alt := range t.alts {
			for _, g := range alt.run {
				if err := checkToken(g.text, s); err != nil {
					return err
				}
			}
		}
	}
	if !positive {
		return fmt.Errorf("pattern %q asks for no token: at least one term without ! is needed", s)
	}
	return nil
}

// parseTerm reads one term.
func parseTerm(field string) term {
	rest, not := strings.CutPrefix(field, "!")
	t := term{alts: make([]alternative, 0, 1+strings.Count(rest, "|")), not: not}
	for text := range strings.SplitSeq(rest, "|") {
		var alt alternative
		text, alt.first = strings.CutPrefix(text, "^")
		text, alt.last = strings.CutSuffix(text, "$")
		for part := range strings.SplitSeq(text, "+") {
			g := glob{}
			g.text, g.prefix = strings.CutSuffix(part, "*")
			alt.run = append(alt.run, g)
		}
		t.alts = append(t.alts, alt)
	}
	return t
}

// checkToken refuses what can never equal a token.
func checkToken(text, pattern string) error {
	if text == "%" {
		return nil
	}
	if text == "" {
		return fmt.Errorf("pattern %q has an empty alternative", pattern)
	}
	if got := tokens(text); len(got) != 1 || got[0] != text {
		return fmt.Errorf("%q in pattern %q is not one token: names are split at punctuation, humps and digits into lower case; write runs as a+b", text, pattern)
	}
	return nil
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
	for i := range p.terms {
		t := &p.terms[i]
		if t.not || best != nil && len(t.alts) >= len(best) {
			continue
		}
		var keys []string
		for i := range t.alts {
			if k := t.alts[i].key(); k != "" {
				keys = append(keys, k)
			}
		}
		if len(keys) == len(t.alts) {
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
