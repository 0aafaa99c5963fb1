package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"triagent/internal/errs"
)

// maxSettings bounds the file of settings, in bytes.
const maxSettings = 1 << 20

// ReadSettings reads the file of settings strictly: an unknown key, a wrong type
// or a wrong value is an error of kind errs.Invalid that names file, line and
// column. Several are joined, in the order of the file.
func ReadSettings(file string) (Settings, error) {
	var s Settings
	text, err := os.ReadFile(file)
	if err != nil {
		kind := errs.Invalid
		if errors.Is(err, os.ErrNotExist) {
			kind = errs.NotFound
		}
		return s, &errs.Error{Op: "read settings", Kind: kind, Err: err}
	}
	return parseSettings(file, text)
}

func parseSettings(file string, text []byte) (s Settings, err error) {
	defer func() {
		// The parser is not ours; on input that breaks it the file is at fault.
		if r := recover(); r != nil {
			err = errs.At(file, 1, 1, "not readable as YAML: %v", r)
		}
	}()
	if len(text) > maxSettings {
		return s, errs.At(file, 0, 0, "has %d bytes, at most %d are read", len(text), maxSettings)
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return s, placed(file, err)
	}
	for _, d := range f.Docs {
		if d.Body == nil {
			continue // an empty file is the default settings
		}
		in := &insertion{file: file}
		if ast.Walk(in, d.Body); in.err != nil {
			return s, in.err
		}
		if err := yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(d.Body, &s); err != nil && !errors.Is(err, io.EOF) {
			return s, placed(file, err)
		}
	}
	s.File = file
	var all []error
	for _, p := range s.problems() {
		line, column := find(text, p.key)
		all = append(all, errs.At(file, line, column, "%s: %s", p.key, p.text))
	}
	return s, errors.Join(all...)
}

// insertion puts what ${env:NAME} and ${file:PATH} stand for in the place of
// texts that are nothing else, so that secrets need not be in the file.
type insertion struct {
	file string
	err  error
}

// Visit replaces one text.
func (in *insertion) Visit(n ast.Node) ast.Visitor {
	t, ok := n.(*ast.StringNode)
	if !ok || in.err != nil {
		return in
	}
	inner, ok := strings.CutPrefix(t.Value, "${")
	if !ok || !strings.HasSuffix(inner, "}") {
		return in
	}
	how, name, _ := strings.Cut(strings.TrimSuffix(inner, "}"), ":")
	line, column := position(n)
	switch how {
	case "env":
		v, ok := os.LookupEnv(name)
		if !ok {
			in.err = errs.At(in.file, line, column, "the environment has no %s", name)
		}
		t.Value = v
	case "file":
		text, err := os.ReadFile(name)
		if err != nil {
			in.err = errs.At(in.file, line, column, "%w", err)
		}
		t.Value = strings.TrimRight(string(text), "\r\n")
	default:
		in.err = errs.At(in.file, line, column, "%q is neither ${env:NAME} nor ${file:PATH}", t.Value)
	}
	return in
}

// placed gives the parser's error its place.
func placed(file string, err error) error {
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

// find returns the place of a key, as "oidc[0].issuer", or of what is nearest
// around it; 0, 0 if it is not in the file at all.
func find(text []byte, key string) (line, column int) {
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return 0, 0
	}
	for key != "" {
		if p, err := yaml.PathString("$." + key); err == nil {
			if n, err := p.FilterFile(f); err == nil {
				return position(n)
			}
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return 0, 0
}

func position(n ast.Node) (line, column int) {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}

// Summary is the settings in a few lines for the log; it holds no secret.
func (s Settings) Summary() string {
	s = s.withDefaults()
	db := "SQLite in " + s.Data
	if s.Database != "" {
		db = "PostgreSQL"
	}
	out := fmt.Sprintf("listen %s, data %s, database %s, %d workers, queue %d", s.Listen, s.Data, db, s.Diagnosis.Workers, s.Diagnosis.Queue)
	if !s.learns() {
		out += ", learns nothing"
	}
	return out
}
