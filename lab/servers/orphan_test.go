package servers_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"triagent/lab/servers"
)

// TestHelper is no test: it is the process of TestNoOrphans.
func TestHelper(t *testing.T) {
	dir := os.Getenv("TRIAGENT_TEST_HELPER")
	if dir == "" {
		t.Skip("it is called by TestNoOrphans")
	}
	s, err := servers.Run(t.Context(), servers.Etcd, servers.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("pid %d\n", s.Pids()[0])
	select {} // until it is killed
}

// TestNoOrphans kills a process that has started a server, and looks that the
// server ends too.
func TestNoOrphans(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with the one that started it")
	}
	if err := servers.Get(t.Context(), servers.Etcd, servers.Options{}); servers.Absent(err) {
		t.Skip(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelper$", "-test.v")
	cmd.Env = append(os.Environ(), "TRIAGENT_TEST_HELPER="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid string
	for lines := bufio.NewScanner(out); pid == "" && lines.Scan(); {
		pid, _ = strings.CutPrefix(lines.Text(), "pid ")
		if pid == lines.Text() {
			pid = ""
		}
	}
	if pid == "" {
		t.Fatalf("no server was started: %v", cmd.Wait())
	}
	if !runs(pid) {
		t.Fatalf("process %s does not run", pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); runs(pid); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("process %s still runs", pid)
		}
	}
}

// runs reports whether a process runs: one that nobody asked for its end does not.
func runs(pid string) bool {
	b, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return err == nil && !bytes.HasPrefix(rest, []byte("Z"))
}
