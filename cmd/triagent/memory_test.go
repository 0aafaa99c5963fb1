package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// callReal runs the program on the built-in engine.
func callReal(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, world{
		stdin: strings.NewReader(""), stdout: &out, stderr: &err, env: func(string) string { return "" },
		open: func(ctx context.Context, c engineConfig) (diagnoser, error) { return openApp(ctx, c) },
	})
	return code, out.String(), err.String()
}

// A file of solved cases is made of bundles, and of files of them; a diagnosis
// that it has a say in says so.
func TestMemory(t *testing.T) {
	incidents := filepath.Join("..", "..", "demo", "incidents")
	solved, healthy := filepath.Join(incidents, "iotdb-lab-36eb5d1c"), filepath.Join(incidents, "iotdb-lab-1d4cfb9b")
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.jsonl"), filepath.Join(dir, "two.jsonl")
	if code, out, stderr := callReal(t, "memory", "--out", one, solved); code != 0 || out != "1 case in "+one+"\n" {
		t.Fatalf("status %d: %s%s", code, out, stderr)
	}
	if code, out, stderr := callReal(t, "memory", "--out", two, one, filepath.Join(incidents, "iotdb-lab-4b20625e")); code != 0 || !strings.HasPrefix(out, "2 cases") {
		t.Fatalf("status %d: %s%s", code, out, stderr)
	}
	bundle := filepath.Join(incidents, "iotdb-lab-66c43546")
	if _, out, _ := callReal(t, "diagnose", bundle); strings.Contains(out, "solved incident") {
		t.Errorf("without memory it says: %s", out)
	}
	if code, out, stderr := callReal(t, "diagnose", "--memory", two, bundle); code != 0 || !strings.Contains(out, "weighed with 2 solved incidents") {
		t.Errorf("status %d: %s%s", code, out, stderr)
	}
	left := filepath.Join(dir, "left.jsonl")
	for _, path := range []string{healthy, filepath.Join(dir, "no such"), filepath.Join(solved, "topology.json")} {
		if code, _, stderr := callReal(t, "memory", "--out", left, path); code != exitUsage || stderr == "" {
			t.Errorf("%s: status %d, %q", path, code, stderr)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a file is left where nothing was learned")
	}
}
