package redact

import (
	"slices"
	"strings"
)

// names finds known names in a text.
type names struct {
	by map[byte][]string // by first byte, lower case, longest first
}

// newNames takes the names to be found. Short ones and those that may leave are
// left out: "a" stands everywhere.
func newNames(all []string, keep map[string]bool) *names {
	n := &names{by: map[byte][]string{}}
	for _, name := range all {
		name = strings.ToLower(name)
		if len(name) < 2 || keep[name] || slices.Contains(n.by[name[0]], name) {
			continue
		}
		n.by[name[0]] = append(n.by[name[0]], name)
	}
	for _, list := range n.by {
		slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	}
	return n
}

// in lists where names stand in a text as words of their own.
func (n *names) in(text string) []found {
	if len(n.by) == 0 {
		return nil
	}
	var out []found
	for i := 0; i < len(text); i++ {
		if i > 0 && isName(text[i-1]) {
			continue
		}
		for _, name := range n.by[lower(text[i])] {
			end := i + len(name)
			if end <= len(text) && strings.EqualFold(text[i:end], name) && (end == len(text) || !isName(text[end])) {
				out = append(out, found{i, end, Node})
				i = end - 1
				break
			}
		}
	}
	return out
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
