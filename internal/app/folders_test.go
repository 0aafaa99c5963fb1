package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"triagent/internal/app"
	"triagent/internal/errs"
)

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "words.yaml")
	if err := os.WriteFile(file, []byte("words:\n  - {key: a.b, en: a, zh: b}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		dirs []string
		want errs.Kind // "": all is well
	}{
		{"none", nil, ""},
		{"a folder, twice", []string{dir, dir}, ""},
		{"a file", []string{dir, file}, errs.Invalid},
		{"nothing there", []string{filepath.Join(dir, "none")}, errs.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := app.Folders(tt.dirs)
			if errs.KindOf(err) != tt.want {
				t.Fatalf("error %v of kind %q, want kind %q", err, errs.KindOf(err), tt.want)
			}
			if err == nil && len(got) != len(tt.dirs) {
				t.Errorf("%d folders of %d", len(got), len(tt.dirs))
			}
		})
	}
}
