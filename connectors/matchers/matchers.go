// Package matchers reads conditions on labels, as people narrow the queries of
// Prometheus and of Loki by them.
package matchers

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"triagent/internal/errs"
)

// Matcher is one condition on a label: =, !=, =~ or !~ a value.
type Matcher struct{ Name, Op, Value string }

// label is what may stand for the name of a label.
var label = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
})

// Parse reads {name="value", ...} with the operators of PromQL and LogQL, the
// braces included or not. The empty text is no condition. Nothing else passes:
// the text becomes part of every query. An error is of kind errs.Invalid.
func Parse(text string) ([]Matcher, error) {
	rest := strings.TrimSpace(text)
	if strings.HasPrefix(rest, "{") && strings.HasSuffix(rest, "}") {
		rest = strings.TrimSpace(rest[1 : len(rest)-1])
	}
	var out []Matcher
	for rest != "" {
		at := strings.IndexAny(rest, "=!")
		if at < 0 {
			return nil, wrong(text)
		}
		m := Matcher{Name: strings.TrimSpace(rest[:at])}
		for _, op := range []string{"=~", "!=", "!~", "="} {
			if strings.HasPrefix(rest[at:], op) {
				m.Op = op
				break
			}
		}
		rest = strings.TrimSpace(rest[at+len(m.Op):])
		var ok bool
		if m.Value, rest, ok = cutQuoted(rest); !ok || m.Op == "" || !label().MatchString(m.Name) {
			return nil, wrong(text)
		}
		out = append(out, m)
		rest = strings.TrimSpace(rest)
		if after, ok := strings.CutPrefix(rest, ","); ok {
			rest = strings.TrimSpace(after)
		} else if rest != "" {
			return nil, wrong(text)
		}
	}
	return out, nil
}

// cutQuoted takes a text in quotes of any kind off the beginning of a text.
func cutQuoted(text string) (value, rest string, ok bool) {
	if after, single := strings.CutPrefix(text, "'"); single {
		value, rest, ok = strings.Cut(after, "'")
		return value, rest, ok && !strings.Contains(value, `\`)
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", false
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err == nil
}

func wrong(text string) error {
	return errs.New(errs.Invalid, `match: %.80q is not read: write label conditions only, as {cluster="plant",env=~"prod|live"}`, text)
}
