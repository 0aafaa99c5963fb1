package prometheus

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/internal/errs"
)

// matcher is one condition on a label.
type matcher struct{ name, op, value string }

// selector is a list of conditions that all hold.
type selector []matcher

// parseSelector reads {name="value", ...} with the operators of PromQL, the
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
		var ok bool
		if m.value, rest, ok = cutQuoted(rest); !ok || m.op == "" || !label.MatchString(m.name) {
			return nil, wrongSelector(text)
		}
		out = append(out, m)
		rest = strings.TrimSpace(rest)
		if after, ok := strings.CutPrefix(rest, ","); ok {
			rest = strings.TrimSpace(after)
		} else if rest != "" {
			return nil, wrongSelector(text)
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

func wrongSelector(text string) error {
	return errs.New(errs.Invalid, `match: %.80q is not read: write label conditions only, as {cluster="plant",env=~"prod|live"}`, text)
}

// with is the selector with more conditions.
func (s selector) with(more ...matcher) selector { return append(slices.Clone(s), more...) }

// String is the selector in PromQL; {} selects nothing there, so that an empty
// one asks for every series that has a name.
func (s selector) String() string {
	if len(s) == 0 {
		return `{__name__!=""}`
	}
	var b strings.Builder
	for i, m := range s {
		b.WriteString(cutBy(i, "{", ","))
		b.WriteString(quoteName(m.name) + m.op + strconv.Quote(m.value))
	}
	return b.String() + "}"
}

// seriesText is the selector of exactly one series, under a name of its own.
func seriesText(name string, labels map[string]string) string {
	var b strings.Builder
	own := classic(name)
	if own {
		b.WriteString(name)
	}
	b.WriteByte('{')
	n := 0
	if !own {
		b.WriteString(`__name__=` + strconv.Quote(name))
		n++
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if k != "__name__" {
			b.WriteString(cutBy(n, "", ",") + quoteName(k) + "=" + strconv.Quote(labels[k]))
			n++
		}
	}
	return b.String() + "}"
}

func cutBy(i int, first, later string) string {
	if i == 0 {
		return first
	}
	return later
}

// quoteName writes the name of a label; Prometheus 3 allows any text, quoted.
func quoteName(name string) string {
	if label.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

// classic reports whether a metric's name needs no quotes in PromQL.
func classic(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c == ':' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// duration writes a length of time in PromQL.
func duration(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
