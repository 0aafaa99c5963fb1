package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// TestRun measures this test binary, which ends at once with -test.list=^$.
func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(&out, bounds{n: 3, procs: 1}, []string{self, "-test.list=^$"}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "3 runs, GOMAXPROCS=1: wall median ") {
		t.Errorf("got %q", out.String())
	}
	for name, b := range map[string]bounds{"wall time": {n: 1, wall: time.Nanosecond}, "peak memory": {n: 1, rss: 1}} {
		err := run(&out, b, []string{self, "-test.list=^$"})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("over the bound of %s: got %v", name, err)
		}
	}
	if err := run(&out, bounds{n: 1}, []string{self, "-no-such-flag"}); err == nil {
		t.Error("no error of a program that failed")
	}
	if err := run(&out, bounds{n: 1}, nil); err == nil {
		t.Error("no error without a command")
	}
}
