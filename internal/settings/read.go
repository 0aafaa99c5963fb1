// Package settings reads a file of settings, strictly and for people: all that is
// wrong is told at once, each with its place, what was expected and what to do.
// What stands for a secret (${env:NAME}, ${file:PATH}) is shown in no message.
// Every function may be called concurrently.
package settings

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"triagent/internal/errs"
)

// Rules are what a file of settings is held against beside the types that it is
// read into.
type Rules struct {
	// Variants are the types whose key "kind" says which others they may have.
	Variants map[reflect.Type]Variant
	// Check tells what is wrong with the values, once they are read.
	Check func() []Problem
}

// Variant is a type that takes other keys for each kind of it. It reads itself.
type Variant struct {
	Of    string                  // what it is one of, for messages: "source"
	Kinds map[string]reflect.Type // by kind, a struct with the keys beside kind and name
}

// Read reads a file of settings into a pointer to a struct, strictly: an unknown
// key, a wrong type or a wrong value is an error of kind errs.Invalid that names
// file, line and column of the value, what was expected and what to do. Several
// are joined, in the order of the file. It returns when ctx ends; into may be
// written to after that.
func Read(ctx context.Context, file string, into any, rules Rules) error {
	text, err := readFile(ctx, file, maxFile)
	if err != nil {
		kind := errs.Invalid
		if errors.Is(err, os.ErrNotExist) {
			kind = errs.NotFound
		}
		return &errs.Error{Op: "read settings", Kind: kind, Err: err}
	}
	done := make(chan error, 1)
	go func() { done <- Parse(ctx, file, text, into, rules) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Parse is Read of the text of a file.
func Parse(ctx context.Context, file string, text []byte, into any, rules Rules) (err error) {
	defer func() {
		// The parser is not ours; on input that breaks it the file is at fault.
		if r := recover(); r != nil {
			err = errs.At(file, 1, 1, "not readable as YAML: %v", r)
		}
	}()
	root, err := parse(file, text)
	if err != nil {
		return err
	}
	refs, err := decode(ctx, file, root, into, rules.Variants)
	if err != nil || rules.Check == nil {
		return err
	}
	var all []error
	for _, p := range rules.Check() {
		all = append(all, refs.hidden(p.at(file, root)))
	}
	return errors.Join(all...)
}

// parse returns the root of a text, nil if nothing is in it.
func parse(file string, text []byte) (ast.Node, error) {
	if len(text) > maxFile {
		return nil, errs.At(file, 0, 0, "has %d bytes, at most %d are read", len(text), maxFile)
	}
	if err := bounded(file, text); err != nil {
		return nil, err
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, placed(file, err)
	}
	var root ast.Node
	for _, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.NullType {
			continue // an empty file is the default settings
		}
		if root != nil {
			line, column := position(d.Body)
			return nil, errs.At(file, line, column, "a second document begins here, and a file of settings holds one")
		}
		root = d.Body
	}
	return root, nil
}

// decode fills into from a file's root, which may be nil.
func decode(ctx context.Context, file string, root ast.Node, into any, variants map[reflect.Type]Variant) (references, error) {
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
	like := &shape{file: file, refs: in.refs, variants: variants}
	if like.value("", root, reflect.TypeOf(into)); len(like.errs) > 0 {
		return nil, errors.Join(like.errs...)
	}
	if err := yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(root, into); err != nil && !errors.Is(err, io.EOF) {
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
