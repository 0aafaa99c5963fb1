package prometheus

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/connectors/matchers"
)

// matcher is one condition on a label.
type matcher = matchers.Matcher

// selector is a list of conditions that all hold.
type selector []matcher

// parseSelector reads {name="value", ...}; see matchers.Parse.
func parseSelector(text string) (selector, error) {
	m, err := matchers.Parse(text)
	return m, err
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
		b.WriteString(quoteName(m.Name) + m.Op + strconv.Quote(m.Value))
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
	if label().MatchString(name) {
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
