package settings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"triagent/internal/errs"
)

// Bounds of the file of settings. The parser takes more than linear time in
// nesting and in the keys of one mapping, its lexer does not: so tokens are
// counted first.
const (
	maxFile     = 256 << 10 // bytes
	maxTokens   = 30_000
	maxNested   = 100 // brackets that are open at once
	maxIndented = 400 // column that a dash may stand in
	maxAliases  = 100
	maxInserted = 1 << 20 // bytes of a file that a reference names
)

// readFile reads a file of at most so many bytes, a pipe too. It returns when
// ctx ends, even while the file system does not answer.
func readFile(ctx context.Context, name string, most int64) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		f, err := os.Open(name) //nolint:gosec // it is the user who names it
		if err != nil {
			got <- answer{err: err}
			return
		}
		text, err := io.ReadAll(io.LimitReader(f, most+1))
		if err == nil && int64(len(text)) > most {
			err = errs.At(name, 0, 0, "has more than %d bytes, which are the most that are read", most)
		}
		got <- answer{text, errors.Join(err, f.Close())}
	}()
	select {
	case a := <-got:
		return a.text, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// bounded says where a text is beyond what is parsed; nil: nowhere.
func bounded(file string, text []byte) error {
	tokens := lexer.Tokenize(string(text))
	open := 0
	for i, t := range tokens {
		var what string
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			if open++; open > maxNested {
				what = fmt.Sprintf("more than %d brackets are open at once", maxNested)
			}
		case token.SequenceEndType, token.MappingEndType:
			open = max(open-1, 0)
		case token.SequenceEntryType, token.MappingKeyType:
			if t.Position != nil && t.Position.Column > maxIndented {
				what = fmt.Sprintf("lists are nested beyond column %d", maxIndented)
			}
		}
		if i >= maxTokens {
			what = fmt.Sprintf("the file holds more than %d words and signs", maxTokens)
		}
		if what != "" {
			line, column := 0, 0
			if t.Position != nil {
				line, column = t.Position.Line, t.Position.Column
			}
			err := errs.At(file, line, column, "%s, and settings never need that", what)
			err.Remedy = "look for a bracket that is not closed, and whether this is the file of settings at all"
			return err
		}
	}
	return nil
}

// aliases bounds what anchors and aliases can unfold to.
type aliases struct {
	file   string
	inside int // anchors around
	n      int
	err    error
}

// Visit counts one node.
func (a *aliases) Visit(n ast.Node) ast.Visitor {
	if a.err != nil {
		return nil
	}
	line, column := position(n)
	switch n := n.(type) {
	case *ast.AnchorNode:
		in := &aliases{file: a.file, inside: a.inside + 1, n: a.n}
		ast.Walk(in, n.Value)
		a.n, a.err = in.n, in.err
		return nil
	case *ast.AliasNode:
		if a.n++; a.n > maxAliases {
			a.err = errs.At(a.file, line, column, "there are more than %d aliases (*name)", maxAliases)
		}
		if a.inside > 0 {
			a.err = errs.At(a.file, line, column, "an alias (*name) may not stand within an anchor (&name)")
		}
		return nil
	}
	return a
}
