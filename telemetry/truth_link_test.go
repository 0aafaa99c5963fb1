package telemetry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"triagent/internal/errs"
)

// A link must not bring the answer in under another name.
func TestLinkToTruth(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"incident.json": `{"version":1,"id":"x"}`, "truth.json": `{"healthy":true}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../truth.json", filepath.Join(dir, "logs", "a.log")); err != nil {
		t.Skip(err)
	}
	_, err := Open(t.Context(), dir, Limits{})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "leads to the truth") {
		t.Errorf("Open = %v, want the link refused", err)
	}
}
