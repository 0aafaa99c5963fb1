package settings

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// pairsOf returns the keys and values of a mapping.
func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	case *ast.AnchorNode:
		return pairsOf(n.Value)
	}
	return nil, false
}

// nameOf is the key of a pair.
func nameOf(p *ast.MappingValueNode) string {
	if p.Key == nil {
		return ""
	}
	if text, ok := textOf(p.Key); ok {
		return text
	}
	if t := p.Key.GetToken(); t != nil {
		return t.Value
	}
	return ""
}

// below is the path of a key in a group.
func below(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// keysOf are the settings of a group, those of inlined ones among them.
func keysOf(t reflect.Type) map[string]reflect.Type {
	out := make(map[string]reflect.Type)
	for i := range t.NumField() {
		f := t.Field(i)
		name, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case flags == "inline":
			for k, v := range keysOf(f.Type) {
				if _, own := out[k]; !own {
					out[k] = v
				}
			}
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			out[name] = f.Type
		}
	}
	return out
}

// group compares the keys and values of a group with what may be in it.
func (s *shape) group(key string, pairs []*ast.MappingValueNode, known map[string]reflect.Type) {
	for _, p := range pairs {
		name := nameOf(p)
		if p.Key != nil && p.Key.IsMergeKey() {
			continue // the decoder's to judge
		}
		t, ok := known[name]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			where := "at the top of the file"
			if key != "" {
				where = "in " + key
			}
			s.bad(p.Key, "there may be: "+strings.Join(names, ", "), "%.60q is no setting %s%s", name, where, Meant(name, names))
			continue
		}
		s.value(below(key, name), p.Value, t)
	}
}

// variant compares a group with what its kind takes.
func (s *shape) variant(key string, n ast.Node, v Variant) {
	pairs, ok := pairsOf(n)
	if !ok {
		s.unlike(key, n, reflect.TypeFor[map[string]any]())
		return
	}
	var kind ast.Node
	for _, p := range pairs {
		if nameOf(p) == "kind" {
			kind = p.Value
		}
		if p.Key != nil && p.Key.IsMergeKey() {
			return // the decoder's to judge
		}
	}
	if kind == nil {
		s.bad(n, v.remedy(), "%s: the kind of %s is missing", key, v.Of)
		return
	}
	name, _ := textOf(kind)
	t, ok := v.Kinds[name]
	if !ok || s.refs.at(kind) != nil {
		s.unknownKind(key+".kind", kind, name, v)
		return
	}
	known := keysOf(t)
	known["kind"], known["name"] = reflect.TypeFor[string](), reflect.TypeFor[string]()
	s.group(key, pairs, known)
}

// names are the kinds there are, sorted.
func (v Variant) names() []string { return slices.Sorted(maps.Keys(v.Kinds)) }

func (v Variant) remedy() string { return "kinds are: " + strings.Join(v.names(), ", ") }

// unknownKind says that there is no such kind.
func (s *shape) unknownKind(key string, n ast.Node, name string, v Variant) {
	if r := s.refs.at(n); r != nil {
		s.bad(n, v.remedy(), "%s: the kind of a %s is written as it is, and not as %s", key, v.Of, r.text)
		return
	}
	if _, simple := textOf(n); !simple {
		s.bad(n, v.remedy(), "%s: %s is no kind of %s", key, shown(n), v.Of)
		return
	}
	s.bad(n, v.remedy(), "%s: unknown kind %.40q%s", key, name, Meant(name, v.names()))
}

// Meant is "; did you mean ...?" with the known name that is nearest to what was
// written; empty: none is near.
func Meant(written string, known []string) string {
	written = strings.ToLower(written)
	best, least := "", 1+len(written)/3
	for _, name := range known {
		if d := edits(written, name); d <= least && d < max(len(written), len(name))-1 {
			if best == "" || d < least {
				best, least = name, d
			}
		} else if best == "" && len(written) >= 3 && (strings.HasPrefix(name, written) || strings.HasPrefix(written, name)) {
			best = name
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// edits is how many characters have to be put in, taken out, changed or swapped
// with their neighbour to make b of a (optimal string alignment), both cut to 64
// bytes.
func edits(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		now, last, before := rows[i%3], rows[(i+2)%3], rows[(i+1)%3]
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
