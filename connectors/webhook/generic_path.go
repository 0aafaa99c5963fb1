package webhook

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// path leads to a value in decoded JSON, or is a text itself.
type path struct {
	text     string // as configured; the value of a constant
	constant bool
	root     bool // starts at the message, not at the alert
	parts    []string
}

// maxPath is how many steps a path may have.
const maxPath = 32

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")

// parsePath reads a path: "a.b.0", "/a/b/0", "$.a", "$/a" or "=text".
func parsePath(text string) (path, error) {
	p := path{text: text}
	if value, ok := strings.CutPrefix(text, "="); ok {
		p.text, p.constant = value, true
		return p, nil
	}
	rest := text
	if after, ok := strings.CutPrefix(rest, "$"); ok && (after == "" || after[0] == '.' || after[0] == '/') {
		p.root = true
		rest = strings.TrimPrefix(after, ".")
		if rest == "" {
			return p, nil
		}
	}
	if pointer, ok := strings.CutPrefix(rest, "/"); ok {
		for part := range strings.SplitSeq(pointer, "/") {
			p.parts = append(p.parts, pointerUnescape.Replace(part))
		}
	} else {
		p.parts = strings.Split(rest, ".")
		for _, part := range p.parts {
			if part == "" {
				return p, fmt.Errorf("path %q has an empty step", text)
			}
		}
	}
	if len(p.parts) > maxPath {
		return p, fmt.Errorf("path %.40q has %d steps, at most %d are allowed", text, len(p.parts), maxPath)
	}
	return p, nil
}

// find returns what the path leads to, and nil if it leads nowhere.
func (p path) find(root, alert any) any {
	if p.constant {
		return p.text
	}
	v := alert
	if p.root {
		v = root
	}
	for _, part := range p.parts {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// first returns the first text that one of the paths leads to.
func first(paths []path, root, alert any) (value string, at path) {
	for _, p := range paths {
		if s, ok := scalar(p.find(root, alert)); ok && s != "" {
			return s, p
		}
	}
	return "", path{}
}

// scalar returns a text, a number or a boolean as text.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
