package settings

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"triagent/internal/errs"
)

// reference is a text of the settings that stands for another, ${env:NAME} or
// ${file:PATH}, with what it stands for. The latter is shown in no message,
// wherever it was put: it may be a secret.
type reference struct {
	text  string // as it is in the file
	value string
	node  *ast.StringNode
}

// references are all of a file.
type references []reference

// insertion puts what references stand for in the place of texts that are
// nothing else, so that secrets need not be in the file.
type insertion struct {
	ctx  context.Context //nolint:containedctx // a visitor of one call
	file string
	refs references
	errs []error
}

// Visit replaces one text.
func (in *insertion) Visit(n ast.Node) ast.Visitor {
	t, ok := n.(*ast.StringNode)
	if !ok {
		return in
	}
	inner, ok := strings.CutPrefix(t.Value, "${")
	if !ok || !strings.HasSuffix(inner, "}") {
		return in
	}
	how, name, _ := strings.Cut(strings.TrimSuffix(inner, "}"), ":")
	line, column := position(n)
	bad := func(remedy, format string, args ...any) {
		err := errs.At(in.file, line, column, format, args...)
		err.Remedy = remedy
		in.errs = append(in.errs, err)
	}
	r := reference{text: t.Value, node: t}
	switch how {
	case "env":
		if r.value, ok = os.LookupEnv(name); !ok {
			bad("set it before the program is started, or write the value here", "the environment has no variable %s", name)
			return in
		}
	case "file":
		text, err := readFile(in.ctx, name, maxInserted)
		if err != nil {
			bad("write the path of a file that this user may read", "%s: %w", t.Value, err)
			return in
		}
		r.value = strings.TrimRight(string(text), "\r\n")
	default:
		bad("write ${env:NAME} for a variable or ${file:PATH} for the content of a file", "%q is no reference", t.Value)
		return in
	}
	t.Value = r.value
	in.refs = append(in.refs, r)
	return in
}

// at returns the reference that a node came from; nil: none.
func (refs references) at(n ast.Node) *reference {
	i := slices.IndexFunc(refs, func(r reference) bool { return ast.Node(r.node) == n })
	if i < 0 {
		return nil
	}
	return &refs[i]
}

// leastHidden is how many bytes in a row of a reference's value no message holds.
const leastHidden = 4

// hide puts *** in the place of what references stand for, and of parts of it:
// messages quote and cut what they show.
func (refs references) hide(text string) string {
	covered := make([]bool, len(text))
	for _, r := range refs {
		n := min(leastHidden, len(r.value))
		if n == 0 {
			continue
		}
		parts := make(map[string]bool, len(r.value))
		for i := 0; i+n <= len(r.value); i++ {
			parts[r.value[i:i+n]] = true
		}
		for i := 0; i+n <= len(text); i++ {
			if parts[text[i:i+n]] && (n == leastHidden || alone(text, i, i+n)) {
				for k := i; k < i+n; k++ {
					covered[k] = true
				}
			}
		}
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			b.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			b.WriteString("***")
		}
	}
	return b.String()
}

// alone reports whether text[i:j] is a word of its own: short values would hide
// parts of every word.
func alone(text string, i, j int) bool {
	letter := func(k int) bool {
		if k < 0 || k >= len(text) {
			return false
		}
		c := text[k]
		return c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
	}
	return !letter(i-1) && !letter(j)
}

// hidden is an error whose message was freed of secrets. What it was is not in
// its chain, so that nobody prints it after all; its kind is.
func (refs references) hidden(err *errs.Error) *errs.Error {
	err.Err = errors.New(refs.hide(err.Err.Error()))
	return err
}
