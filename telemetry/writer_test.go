package telemetry_test

import (
	"path/filepath"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// TestLongNode writes the longest name of a node that a file can have, and says
// of a longer one that it is too long.
func TestLongNode(t *testing.T) {
	w, err := telemetry.Create(filepath.Join(t.TempDir(), "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for name, fits := range map[string]bool{
		strings.Repeat("n", 246): true, strings.Repeat("n", 247): false, strings.Repeat("/", 82): true, strings.Repeat("/", 83): false,
	} {
		m, err := w.LogRecords(incident.NodeID(name))
		if fits {
			if err != nil || m.Close() != nil {
				t.Errorf("%d bytes: %v", len(name), err)
			}
			continue
		}
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "too long a name for a node") {
			t.Errorf("%d bytes: %v", len(name), err)
		}
	}
}
