package incident

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"testing"
)

// Every type that has the method event must be in the list that stores rely on.
func TestEvents(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, e := range Events() {
		listed[reflect.TypeOf(e).Name()] = true
	}
	n := 0
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "event" {
			continue
		}
		n++
		if name := fn.Recv.List[0].Type.(*ast.Ident).Name; !listed[name] {
			t.Errorf("Events lacks %s", name)
		}
	}
	if n != len(listed) {
		t.Errorf("%d types of event, %d listed", n, len(listed))
	}
}
