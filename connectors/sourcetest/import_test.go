package sourcetest_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyTestsImportIt keeps what breaks connections out of the program.
func TestOnlyTestsImportIt(t *testing.T) {
	root, n := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		n++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			if i.Path.Value == `"triagent/connectors/sourcetest"` {
				t.Errorf("%s imports sourcetest and is no test", path)
			}
		}
		return nil
	})
	if err != nil || n < 20 {
		t.Errorf("%d files were read, %v", n, err)
	}
}
