package main

import (
	"os"
	"testing"
	"time"

	"triagent/lab/drill"
)

// TestDrill kills the primary of a real cluster beside the program as users run
// it: the node and the fault are named within a minute.
func TestDrill(t *testing.T) {
	if os.Getenv("TRIAGENT_TEST_ALL") != "1" {
		t.Skip("it takes five minutes: set TRIAGENT_TEST_ALL=1")
	}
	f := &drillFlags{Flags: drill.Flags{Before: 2 * time.Minute, Within: time.Minute}, Fault: "kill"}
	if err := practise(t.Context(), open(t), f); err != nil {
		t.Error(err)
	}
}

// open is a folder that user nobody may go through: servers that refuse root run
// as nobody.
func open(t *testing.T) string {
	dir, err := os.MkdirTemp("", "triagent-drill-")
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // holds no secret of anybody
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
