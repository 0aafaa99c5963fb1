package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"triagent/internal/errs"
)

func TestLoghub(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Made")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	table := "LineId,Content,EventId,EventTemplate\n1,got task 1,E1,got task <*>\n2,got task 2,E1,got task <*>\n3,all done,E2,all done\n"
	if err := os.WriteFile(filepath.Join(dir, "Made_2k.log_structured_corrected.csv"), []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := command(t, "loghub", filepath.Dir(dir))
	if err != nil || !strings.Contains(text, "Made") || !strings.Contains(text, "1.000") {
		t.Errorf("loghub: %v, %s", err, text)
	}
	if _, err := command(t, "loghub", t.TempDir()); errs.KindOf(err) != errs.NotFound {
		t.Errorf("an empty folder: %v, want not found", err)
	}
}
