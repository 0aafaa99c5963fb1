package settings

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"triagent/internal/errs"
)

// shape compares a file with the types that it is read into, so that what is
// wrong is told in words for people, all of it at once, with the place of the
// value. What it does not know, as types that read themselves, it leaves to the
// decoder.
type shape struct {
	file     string
	refs     references
	variants map[reflect.Type]Variant
	errs     []error
}

// bad notes what is wrong at a node.
func (s *shape) bad(n ast.Node, remedy, format string, args ...any) {
	line, column := position(n)
	err := errs.At(s.file, line, column, format, args...)
	err.Remedy = remedy
	s.errs = append(s.errs, s.refs.hidden(err))
}

// wanted are words for what a type takes, and an example.
func wanted(t reflect.Type) (what, example string) {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a length of time", "30s, 5m or 1h30m"
	case t.Kind() == reflect.Bool:
		return "a yes or no", "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return "a whole number", "4"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return "a number", "20 or 0.5"
	case t.Kind() == reflect.String:
		return "a text", "'some text'"
	case t.Kind() == reflect.Slice:
		return "a list", "[a, b], or one line \"- a\" for each"
	}
	return "a group of settings", "{key: value}, or indented lines \"key: value\" below it"
}

// value compares a node with a type; key is its path, for messages.
func (s *shape) value(key string, n ast.Node, t reflect.Type) {
	if t.Kind() == reflect.Pointer { // what may be left out
		t = t.Elem()
	}
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.AliasNode, *ast.TagNode:
		return // nothing, or the decoder's to judge
	case *ast.AnchorNode:
		s.value(key, n.Value, t)
		return
	}
	if v, ok := s.variants[t]; ok {
		s.variant(key, n, v)
		return
	}
	if readsItself(t) {
		return
	}
	var ok bool
	switch t.Kind() {
	case reflect.Struct:
		var pairs []*ast.MappingValueNode
		if pairs, ok = pairsOf(n); ok {
			s.group(key, pairs, keysOf(t))
		}
	case reflect.Map:
		var pairs []*ast.MappingValueNode
		if pairs, ok = pairsOf(n); ok {
			for _, p := range pairs {
				s.value(below(key, nameOf(p)), p.Value, t.Elem())
			}
		}
	case reflect.Slice:
		var list *ast.SequenceNode
		if list, ok = n.(*ast.SequenceNode); ok {
			for i, item := range list.Values {
				s.value(fmt.Sprintf("%s[%d]", key, i), item, t.Elem())
			}
		}
	default:
		ok = s.scalar(n, t)
	}
	if !ok {
		s.unlike(key, n, t)
	}
}

// unlike says that a value is not of its type.
func (s *shape) unlike(key string, n ast.Node, t reflect.Type) {
	what, example := wanted(t)
	if key == "" {
		s.bad(n, "see docs/service.md for what may be in it", "the file holds %s, and not settings", shown(n))
		return
	}
	remedy := fmt.Sprintf("write %s, as %s", what, example)
	if _, number := n.(*ast.IntegerNode); number && t == reflect.TypeFor[time.Duration]() {
		remedy = fmt.Sprintf("write its unit too, as %ss", n.GetToken().Value)
	}
	if r := s.refs.at(n); r != nil {
		s.bad(n, remedy, "%s: what %s stands for is no %s", key, r.text, strings.TrimPrefix(what, "a "))
		return
	}
	s.bad(n, remedy, "%s: %s is no %s", key, shown(n), strings.TrimPrefix(what, "a "))
}

// scalar reports whether a node is a value of a simple type.
func (s *shape) scalar(n ast.Node, t reflect.Type) bool {
	text, ok := textOf(n)
	if !ok {
		return false
	}
	if t == reflect.TypeFor[time.Duration]() {
		_, err := time.ParseDuration(text)
		return err == nil
	}
	switch n := n.(type) {
	case *ast.BoolNode:
		return t.Kind() == reflect.Bool || t.Kind() == reflect.String
	case *ast.IntegerNode:
		return t.Kind() != reflect.Bool && fits(n.Value, t)
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return t.Kind() == reflect.String || t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64
	}
	switch t.Kind() {
	case reflect.String:
		return true
	case reflect.Float32, reflect.Float64:
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	}
	return false
}

// fits reports whether a whole number is one of its type.
func fits(value any, t reflect.Type) bool {
	var i int64
	switch v := value.(type) {
	case int64:
		i = v
	case uint64:
		if v > math.MaxInt64 {
			return t.Kind() >= reflect.Uint && t.Kind() <= reflect.Float64
		}
		i = int64(v)
	}
	zero := reflect.New(t).Elem()
	switch {
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return !zero.OverflowInt(i)
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return i >= 0 && !zero.OverflowUint(uint64(i))
	}
	return true
}

// textOf is a simple value as it is written, or as its reference stands for.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// shown is a value as a message shows it.
func shown(n ast.Node) string {
	if text, ok := textOf(n); ok {
		return fmt.Sprintf("%.40q", text)
	}
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of keys and values"
	}
	return "this"
}

// readsItself reports whether a type has code of its own to read YAML.
func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	_, ok := p.MethodByName("UnmarshalYAML")
	return ok
}
