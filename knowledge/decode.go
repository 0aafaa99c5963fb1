package knowledge

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"triagent/internal/errs"
)

// Bounds on a file of the user's: the parser recurses over nesting and takes
// time and memory in proportion to size.
const (
	maxFile  = 1 << 20 // bytes
	maxDepth = 32      // levels of nesting
)

// place is a position in a file, 1-based.
type place struct{ line, column int }

// source is a file that was read, with the place of each value by its path, as
// "cards[2].for[0].signal".
type source struct {
	file   string
	doc    document
	places map[string]place
}

// at returns an error at the value of a path, or at the nearest value around it.
func (s *source) at(path, format string, args ...any) error {
	for {
		if p, ok := s.places[path]; ok {
			return errs.At(s.file, p.line, p.column, format, args...)
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return errs.At(s.file, 1, 1, format, args...)
		}
		path = path[:i]
	}
}

// readYAML reads a file strictly: an unknown or repeated key, an anchor, a tag
// or a value of the wrong type is an error that names its place.
func readYAML(file string, text []byte) (*source, error) {
	s := &source{file: file, places: map[string]place{}}
	if len(text) > maxFile {
		return nil, errs.At(file, 0, 0, "has %d bytes, at most %d are read", len(text), maxFile)
	}
	if line, column := tooDeep(text); line > 0 {
		return nil, errs.At(file, line, column, "nested deeper than %d levels", maxDepth)
	}
	root, err := parseYAML(file, text)
	if err != nil || root == nil {
		return s, err
	}
	return s, s.value("", root, reflect.ValueOf(&s.doc).Elem())
}

// tooDeep finds the place where brackets or list dashes nest deeper than any
// knowledge file does; 0, 0 if nowhere. It counts brackets in quotes and
// comments as well, which is harmless: they come in pairs or few.
func tooDeep(text []byte) (line, column int) {
	depth, lead, start := 0, true, 0
	dashes := 0
	line = 1
	for i, c := range text {
		switch c {
		case '\n':
			line, start, lead, dashes = line+1, i+1, true, 0
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		case '-', '?', ':':
			if lead {
				dashes++
			}
		case ' ', '\t':
		default:
			lead = false
		}
		if depth > maxDepth || dashes > 3*maxDepth || lead && i-start > 8*maxDepth {
			return line, i - start + 1
		}
	}
	return 0, 0
}

// parseYAML returns the root of a file, nil if it holds nothing.
func parseYAML(file string, text []byte) (root ast.Node, err error) {
	defer func() {
		// The parser is not ours; on input that breaks it the file is at fault.
		if r := recover(); r != nil {
			err = errs.At(file, 1, 1, "not readable as YAML: %v", r)
		}
	}()
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, syntaxError(file, err)
	}
	for i, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.NullType {
			continue
		}
		if root != nil {
			p := positionOf(f.Docs[i].Body)
			return nil, errs.At(file, p.line, p.column, "a second document: a file holds one")
		}
		root = d.Body
	}
	return root, nil
}

// syntaxError gives the parser's error its place.
func syntaxError(file string, err error) error {
	var at interface {
		error
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		p := at.GetToken().Position
		return errs.At(file, max(p.Line, 1), max(p.Column, 1), "%s", at.GetMessage())
	}
	return errs.At(file, 1, 1, "%s", err)
}

// positionOf returns where a node stands.
func positionOf(n ast.Node) place {
	t := n.GetToken()
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			t = n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		t = n.Key.GetToken()
	}
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// unmarshaler is implemented by pointers to types that read themselves.
var unmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// value decodes a node into v and records places.
func (s *source) value(path string, n ast.Node, v reflect.Value) error {
	s.places[path] = positionOf(n)
	if v.CanAddr() && v.Addr().Type().Implements(unmarshaler) {
		text, err := s.text(path, n)
		if err != nil {
			return err
		}
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return s.at(path, "%w", err)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return s.structure(path, n, v)
	case reflect.Map:
		return s.table(path, n, v)
	case reflect.Slice:
		return s.list(path, n, v)
	case reflect.String:
		text, err := s.text(path, n)
		v.SetString(text)
		return err
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return s.at(path, "want true or false, have %s", kindOf(n))
		}
		v.SetBool(b.Value)
		return nil
	case reflect.Float64:
		f, err := s.number(path, n)
		v.SetFloat(f)
		return err
	}
	return fmt.Errorf("decode %s: %s is not supported", path, v.Type())
}

// text returns a scalar as text.
func (s *source) text(path string, n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return strings.TrimRight(n.Value.Value, "\n"), nil
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, nil
	}
	return "", s.at(path, "want a text, have %s", kindOf(n))
}

// number returns a scalar as a number.
func (s *source) number(path string, n ast.Node) (float64, error) {
	switch n := n.(type) {
	case *ast.FloatNode:
		return n.Value, nil
	case *ast.IntegerNode:
		switch i := n.Value.(type) {
		case int64:
			return float64(i), nil
		case uint64:
			return float64(i), nil
		}
	}
	return 0, s.at(path, "want a number, have %s", kindOf(n))
}

// list decodes a sequence.
func (s *source) list(path string, n ast.Node, v reflect.Value) error {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return s.at(path, "want a list, have %s", kindOf(n))
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		if err := s.value(fmt.Sprintf("%s[%d]", path, i), item, out.Index(i)); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

// pairs returns the keys and values of a mapping, refusing repeated keys.
func (s *source) pairs(path string, n ast.Node) ([]*ast.MappingValueNode, error) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, s.at(path, "want keys and values, have %s", kindOf(n))
	}
	seen := map[string]bool{}
	for _, kv := range values {
		key := keyOf(kv)
		if seen[key] {
			p := positionOf(kv)
			return nil, errs.At(s.file, p.line, p.column, "key %q is given twice", key)
		}
		seen[key] = true
	}
	return values, nil
}

// keyOf returns the text of a key.
func keyOf(kv *ast.MappingValueNode) string {
	if k, ok := kv.Key.(*ast.StringNode); ok {
		return k.Value
	}
	return kv.Key.String()
}

// table decodes a mapping with free keys.
func (s *source) table(path string, n ast.Node, v reflect.Value) error {
	values, err := s.pairs(path, n)
	if err != nil {
		return err
	}
	out := reflect.MakeMapWithSize(v.Type(), len(values))
	for _, kv := range values {
		item := reflect.New(v.Type().Elem()).Elem()
		if err := s.value(path+"."+keyOf(kv), kv.Value, item); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(keyOf(kv)), item)
	}
	v.Set(out)
	return nil
}

// structure decodes a mapping with known keys.
func (s *source) structure(path string, n ast.Node, v reflect.Value) error {
	values, err := s.pairs(path, n)
	if err != nil {
		return err
	}
	for _, kv := range values {
		key := keyOf(kv)
		field, ok := fieldOf(v, key)
		if !ok {
			p := positionOf(kv)
			return errs.At(s.file, p.line, p.column, "unknown key %q; known are %s", key, strings.Join(keysOf(v.Type()), ", "))
		}
		if err := s.value(strings.TrimPrefix(path+"."+key, "."), kv.Value, field); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf returns the field that a key stands for.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if name := tagOf(v.Type().Field(i)); name != "" && name == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// keysOf lists the keys of a struct.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if name := tagOf(t.Field(i)); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

// tagOf returns the key of a field, "" if files cannot set it.
func tagOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// kindOf names what a node is, for messages.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which knowledge files do not have"
	case *ast.TagNode:
		return "a tag, which knowledge files do not have"
	}
	return fmt.Sprintf("%q", n.GetToken().Value)
}
