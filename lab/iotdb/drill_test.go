package main

import (
	"os"
	"testing"
	"time"

	"triagent/lab/drill"
)

// TestDrill kills a DataNode of a real cluster beside the program as users run
// it: the node and the fault are named within a minute.
func TestDrill(t *testing.T) {
	if os.Getenv("TRIAGENT_TEST_ALL") != "1" {
		t.Skip("it takes five minutes: set TRIAGENT_TEST_ALL=1")
	}
	f := &drillFlags{Flags: drill.Flags{Before: 2 * time.Minute, Within: time.Minute}, Node: "datanode-4", Rate: 60, Net: "127.0.3", Port: 24000}
	if err := practise(t.Context(), t.TempDir(), f); err != nil {
		t.Error(err)
	}
}
