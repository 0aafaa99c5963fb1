package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"triagent/eval"
	"triagent/eval/cli"
	"triagent/internal/errs"
)

// TestKnowledge runs the built-in engine with folders of the user's.
func TestKnowledge(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       errs.Kind // "": all is well
		message    string    // part of it
	}{
		{"sound", "words:\n  - {key: a.b, en: a, zh: b}\n", "", ""},
		{"unsound", "signals:\n  - {signal: nodot, nature: internal, en: a, zh: b}\n", errs.Invalid, "words.yaml:2:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, js := t.TempDir(), filepath.Join(t.TempDir(), "r.json")
			if err := os.WriteFile(filepath.Join(dir, "words.yaml"), []byte(tt.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := withBuiltin(t, "run", "--knowledge", dir, "--late", "0s", "--no-check", "--case", "iotdb-lab-1d4cfb9b",
				"--cache", t.TempDir(), "--json", js, filepath.Join("..", "..", "demo", "incidents"))
			if errs.KindOf(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.message) {
				t.Fatalf("error %v, want kind %q with %q", err, tt.want, tt.message)
			}
			if err != nil {
				return
			}
			rep, err := eval.ReadReport(js)
			if err != nil || len(rep.Settings.Knowledge) != 1 || rep.Settings.Knowledge[0] != dir {
				t.Errorf("settings %+v, %v", rep, err)
			}
			if !strings.Contains(text, ", knowledge "+dir) {
				t.Errorf("the heading does not name the folder: %s", text)
			}
		})
	}
}

// withBuiltin runs a command line with the engine of package app.
func withBuiltin(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	env := &cli.Env{Stdout: &out, Stderr: &out, Version: "test"}
	var grammar struct {
		Eval cli.Command `cmd:""`
	}
	p, err := kong.New(&grammar, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(env))
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.Parse(append([]string{"eval"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	err = k.Run()
	return out.String(), err
}
