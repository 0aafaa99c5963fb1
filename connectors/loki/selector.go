package loki

import (
	"slices"
	"strconv"
	"strings"

	"triagent/internal/errs"
)

// matcher is one condition on a label.
type matcher struct{ name, op, value string }

// selector is a list of conditions that all hold.
type selector []matcher

// parseSelector reads {name="value", ...} with the operators of LogQL, the
// braces included or not. The empty text is no condition. Nothing else passes:
// the text becomes part of every query.
func parseSelector(text string) (selector, error) {
	rest := strings.TrimSpace(text)
	if strings.HasPrefix(rest, "{") && strings.HasSuffix(rest, "}") {
		rest = strings.TrimSpace(rest[1 : len(rest)-1])
	}
	var out selector
	for rest != "" {
		at := strings.IndexAny(rest, "=!")
		if at < 0 {
			return nil, wrongSelector(text)
		}
		m := matcher{name: strings.TrimSpace(rest[:at])}
		for _, op := range []string{"=~", "!=", "!~", "="} {
			if strings.HasPrefix(rest[at:], op) {
				m.op = op
				break
			}
		}
		rest = strings.TrimSpace(rest[at+len(m.op):])
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil || m.op == "" || !label.MatchString(m.name) {
			return nil, wrongSelector(text)
		}
		if m.value, err = strconv.Unquote(quoted); err != nil {
			return nil, wrongSelector(text)
		}
		out = append(out, m)
		rest = strings.TrimSpace(rest[len(quoted):])
		if after, ok := strings.CutPrefix(rest, ","); ok {
			rest = strings.TrimSpace(after)
		} else if rest != "" {
			return nil, wrongSelector(text)
		}
	}
	return out, nil
}

func wrongSelector(text string) error {
	return errs.New(errs.Invalid, `match: %.80q is not read: write conditions on labels only, as {cluster="plant",env=~"prod|live"}`, text)
}

// with is the selector with more conditions.
func (s selector) with(more ...matcher) selector { return append(slices.Clone(s), more...) }

// String is the selector in LogQL.
func (s selector) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.name + m.op + strconv.Quote(m.value))
	}
	return b.String() + "}"
}
