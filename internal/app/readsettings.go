package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"triagent/internal/errs"
)

// ReadSettings reads the file of settings strictly: an unknown key, a wrong type
// or a wrong value is an error of kind errs.Invalid that names file, line and
// column of the value, what was expected and what to do. Several are joined, in
// the order of the file. It returns when ctx ends.
func ReadSettings(ctx context.Context, file string) (Settings, error) {
	text, err := readFile(ctx, file, maxSettings)
	if err != nil {
		kind := errs.Invalid
		if errors.Is(err, os.ErrNotExist) {
			kind = errs.NotFound
		}
		return Settings{}, &errs.Error{Op: "read settings", Kind: kind, Err: err}
	}
	type answer struct {
		s   Settings
		err error
	}
	got := make(chan answer, 1)
	go func() {
		s, err := parseSettings(ctx, file, text)
		got <- answer{s, err}
	}()
	select {
	case a := <-got:
		return a.s, a.err
	case <-ctx.Done():
		return Settings{}, context.Cause(ctx)
	}
}

func parseSettings(ctx context.Context, file string, text []byte) (s Settings, err error) {
	defer func() {
		// The parser is not ours; on input that breaks it the file is at fault.
		if r := recover(); r != nil {
			s, err = Settings{}, errs.At(file, 1, 1, "not readable as YAML: %v", r)
		}
	}()
	if len(text) > maxSettings {
		return s, errs.At(file, 0, 0, "has %d bytes, at most %d are read", len(text), maxSettings)
	}
	if err := bounded(file, text); err != nil {
		return s, err
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return s, placed(file, err)
	}
	var root ast.Node
	for _, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.NullType {
			continue // an empty file is the default settings
		}
		if root != nil {
			line, column := position(d.Body)
			return s, errs.At(file, line, column, "a second document begins here, and a file of settings holds one")
		}
		root = d.Body
	}
	refs, err := s.read(ctx, file, root)
	if err != nil {
		return s, err
	}
	s.File = file
	var all []error
	for _, p := range s.problems() {
		all = append(all, refs.hidden(p.at(file, root)))
	}
	return s, errors.Join(all...)
}

// read fills the settings from a file's root, which may be nil.
func (s *Settings) read(ctx context.Context, file string, root ast.Node) (references, error) {
	if root == nil {
		return nil, nil
	}
	many := &aliases{file: file}
	if ast.Walk(many, root); many.err != nil {
		return nil, many.err
	}
	in := &insertion{ctx: ctx, file: file}
	if ast.Walk(in, root); len(in.errs) > 0 {
		return nil, errors.Join(in.errs...)
	}
	like := &shape{file: file, refs: in.refs}
	if like.value("", root, reflect.TypeFor[Settings]()); len(like.errs) > 0 {
		return nil, errors.Join(like.errs...)
	}
	if err := yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(root, s); err != nil && !errors.Is(err, io.EOF) {
		return nil, in.refs.hidden(placed(file, err))
	}
	return in.refs, nil
}

// placed gives the parser's error its place.
func placed(file string, err error) *errs.Error {
	var at interface {
		error
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		p := at.GetToken().Position
		err := errs.At(file, max(p.Line, 1), max(p.Column, 1), "%s", at.GetMessage())
		err.Remedy = "in doubt put quotes around the value: { } [ ] , : # & * mean something in YAML"
		return err
	}
	return errs.At(file, 1, 1, "%s", err)
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
