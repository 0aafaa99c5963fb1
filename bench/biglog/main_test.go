package main

import (
	"os"
	"path/filepath"
	"testing"

	"triagent/telemetry"
)

// TestWrite reads a small one back.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "big")
	if err := write(dir, 1e6); err != nil {
		t.Fatal(err)
	}
	b, err := telemetry.Open(t.Context(), dir, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	records, failed := 0, 0
	err = b.Logs(t.Context(), nil, func(r *telemetry.Record) error {
		records++
		if r.Level == telemetry.Error {
			failed++
			if !b.Incident.Window.Contains(start.Add(window)) || r.Time < start.Add(window).UnixNano() {
				t.Errorf("an error outside the window, in line %d", r.Line)
			}
		}
		return nil
	})
	if err != nil || records < 5000 || failed < 20 {
		t.Errorf("%d records, %d errors, %v", records, failed, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "logs", "datanode-1.log.zst")); err != nil || info.Size() > 500_000 {
		t.Errorf("%v, %v", info, err)
	}
}
