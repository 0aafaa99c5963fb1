package settings

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"triagent/internal/errs"
)

// Problem is a setting that is wrong.
type Problem struct {
	Key    string // as "oidc[0].issuer"
	Text   string
	Remedy string // may be empty
}

// at gives a problem the place of its value, or of what is nearest around it.
func (p Problem) at(file string, root ast.Node) *errs.Error {
	n, found := lookup(root, p.Key)
	// "user and password belong together" is about what is there of these.
	for _, word := range strings.Fields(p.Text)[:min(3, len(strings.Fields(p.Text)))] {
		if !found {
			break
		}
		if inner, ok := lookup(n, strings.TrimRight(word, ":,")); ok {
			n = inner
			break
		}
	}
	line, column := position(n)
	err := errs.At(file, line, column, "%s: %s", p.Key, p.Text)
	err.Remedy = p.Remedy
	return err
}

// Problems are the problems that a Validate tells of a group of settings. By
// agreement its text begins with the key of the setting at fault, below the
// group or from the top of the file, and ": ".
func Problems(group string, err error) []Problem {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		var out []Problem
		for _, e := range many.Unwrap() {
			out = append(out, Problems(group, e)...)
		}
		return out
	}
	var remedy string
	var e *errs.Error
	if errors.As(err, &e) {
		err, remedy = e.Err, e.Remedy
	}
	top, _, _ := strings.Cut(group, ".")
	key, text := group, err.Error()
	for {
		name, rest, ok := strings.Cut(text, ": ")
		if !ok || name == "" || strings.ContainsAny(name, "\"'/,") {
			break
		}
		named, _, _ := strings.Cut(top, "[")
		switch {
		case strings.HasPrefix(name, named+" "): // "oidc corp: ", which the place says
		case strings.Contains(name, " "):
			return []Problem{{Key: key, Text: text, Remedy: remedy}}
		case name == top || strings.HasPrefix(name, top+"."):
			key = name
		default:
			key = below(key, name)
		}
		text = rest
	}
	return []Problem{{Key: key, Text: text, Remedy: remedy}}
}

// lookup finds the value of a key, as "oidc[0].issuer". Where it is not there it
// returns what is nearest around it, and false. Names with dots in them are found
// too, the first that fits.
func lookup(n ast.Node, key string) (ast.Node, bool) {
	if a, ok := n.(*ast.AnchorNode); ok {
		n = a.Value
	}
	if key == "" {
		return n, n != nil
	}
	if strings.HasPrefix(key, "[") {
		list, ok := n.(*ast.SequenceNode)
		inner, rest, closed := strings.Cut(key[1:], "]")
		if !ok || !closed {
			return n, false
		}
		for i, item := range list.Values {
			if index(inner) == i {
				return lookup(item, strings.TrimPrefix(rest, "."))
			}
		}
		return n, false
	}
	pairs, _ := pairsOf(n)
	for _, p := range pairs {
		rest, ok := strings.CutPrefix(key, nameOf(p))
		if !ok || nameOf(p) == "" || rest != "" && rest[0] != '.' && rest[0] != '[' {
			continue
		}
		if p.Value == nil || p.Value.Type() == ast.NullType {
			return p, rest == "" // the key stands for what is not there
		}
		return lookup(p.Value, strings.TrimPrefix(rest, "."))
	}
	return n, false
}

// index reads a short number; -1: it is none.
func index(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<20 {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// position returns where a node stands, 1-based; 0, 0: it is nowhere.
func position(n ast.Node) (line, column int) {
	switch m := n.(type) {
	case nil:
		return 0, 0
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}
