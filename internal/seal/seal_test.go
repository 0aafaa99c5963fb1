package seal_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"triagent/internal/errs"
	"triagent/internal/seal"
)

func open(t *testing.T, path string) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustSeal(t *testing.T, s *seal.Sealer, field, plain string) string {
	t.Helper()
	text, err := s.Seal(field, plain)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSealAndOpen(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a", "keys.json"))
	text := mustSeal(t, s, "channel/1/token", "xoxb-geheim")
	if !seal.Sealed(text) || strings.Contains(text, "geheim") {
		t.Fatalf("Seal gave %q", text)
	}
	if again := mustSeal(t, s, "channel/1/token", "xoxb-geheim"); again == text {
		t.Error("two seals of one text are equal")
	}
	if got, err := s.Open("channel/1/token", text); err != nil || got != "xoxb-geheim" {
		t.Errorf("Open = %q, %v", got, err)
	}
	if got, err := s.Open("channel/1/token", mustSeal(t, s, "channel/1/token", "")); err != nil || got != "" {
		t.Errorf("the empty text opens as %q, %v", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "keys.json"))
	text := mustSeal(t, s, "channel/1/token", "geheim")
	for name, tt := range map[string]struct{ field, text string }{
		"another field": {"channel/2/token", text},
		"changed":       {"channel/1/token", text[:len(text)-2] + "AA"},
		"cut":           {"channel/1/token", text[:len(text)/2]},
		"no base64":     {"channel/1/token", "sealed:v1:***"},
		"plain":         {"channel/1/token", "geheim"},
		"other keys":    {"channel/1/token", mustSeal(t, open(t, filepath.Join(t.TempDir(), "k")), "channel/1/token", "geheim")},
	} {
		got, err := s.Open(tt.field, tt.text)
		if errs.KindOf(err) != errs.Invalid || got != "" {
			t.Errorf("%s: Open = %q, %v; want kind invalid", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(path); errs.KindOf(err) != errs.Denied || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that the group reads gives %v", err)
	}
	for name, content := range map[string]string{"empty": "", "no keys": `{"primaryKeyId":1}`, "text": "hello"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Open(path); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: Open gives %v", name, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s: the file was written over", name)
		}
	}
	if _, err := seal.Open(t.TempDir()); err == nil {
		t.Error("a folder was taken for a key file")
	}
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	a, b := open(t, path), open(t, path)
	old := mustSeal(t, a, "f", "one")
	if err := a.Rotate(); err != nil {
		t.Fatal(err)
	}
	if a.Keys() != 2 {
		t.Errorf("%d keys after a rotation, want 2", a.Keys())
	}
	fresh := mustSeal(t, a, "f", "two")
	for _, s := range []*seal.Sealer{a, b, open(t, path)} { // b has not read the new key yet
		for text, want := range map[string]string{old: "one", fresh: "two"} {
			if got, err := s.Open("f", text); err != nil || got != want {
				t.Errorf("Open = %q, %v; want %q", got, err, want)
			}
		}
	}
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Rotate(); errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), ".lock") {
		t.Errorf("a second rotation at the same time gives %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".keys-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestManyAtOnce starts many first starts, in this process and in others.
func TestManyAtOnce(t *testing.T) {
	path := os.Getenv("SEAL_TEST_PATH")
	if path != "" { // the other process
		if _, err := os.Stdout.WriteString(mustSeal(t, open(t, path), "f", "x") + "\n"); err != nil {
			t.Fatal(err)
		}
		return
	}
	path = filepath.Join(t.TempDir(), "keys.json")
	texts := make([]string, 12)
	var wg sync.WaitGroup
	for i := range texts {
		wg.Go(func() {
			if i%4 != 0 {
				s, err := seal.Open(path)
				if err != nil {
					t.Error(err)
					return
				}
				texts[i], err = s.Seal("f", "x")
				if err != nil {
					t.Error(err)
				}
				return
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestManyAtOnce$")
			cmd.Env = append(os.Environ(), "SEAL_TEST_PATH="+path)
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("other process: %v", err)
				return
			}
			texts[i], _, _ = strings.Cut(string(out), "\n")
		})
	}
	wg.Wait()
	s := open(t, path)
	for i, text := range texts {
		if got, err := s.Open("f", text); err != nil || got != "x" {
			t.Errorf("process %d: %q, %v", i, got, err)
		}
	}
	if s.Keys() != 1 {
		t.Errorf("%d keys, want 1", s.Keys())
	}
}

// TestDerive gives each use keys of its own that outlive rotations.
func TestDerive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	s := open(t, path)
	derive := func(s *seal.Sealer, use string) [][]byte {
		t.Helper()
		keys, err := s.Derive(use)
		if err != nil || len(keys) != s.Keys() {
			t.Fatalf("%d keys of %d, %v", len(keys), s.Keys(), err)
		}
		return keys
	}
	was := derive(s, "a")[0]
	if len(was) != 32 || bytes.Equal(was, derive(s, "b")[0]) || bytes.Equal(was, derive(open(t, filepath.Join(t.TempDir(), "k")), "a")[0]) {
		t.Error("a derived key is that of another use or file, or short")
	}
	for range 3 {
		if err := s.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*seal.Sealer{s, open(t, path)} {
		now := derive(s, "a")
		if bytes.Equal(now[0], was) || !slices.ContainsFunc(now, func(k []byte) bool { return bytes.Equal(k, was) }) {
			t.Error("after a rotation the first key is the old one, or the old one is lost")
		}
	}
}
