package loki

import (
	"slices"
	"strconv"
	"strings"

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

// String is the selector in LogQL.
func (s selector) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.Name + m.Op + strconv.Quote(m.Value))
	}
	return b.String() + "}"
}
