// Package clustertest gives tests a real cluster of Apache IoTDB. Nothing but
// tests may import it.
package clustertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"triagent/lab/iotdb/cluster"
)

// Open returns a cluster that runs: the lab in the folder that the environment
// variable TRIAGENT_TEST_IOTDB names, or, if TRIAGENT_TEST_ALL is 1, one that is
// started and ends with the test. Otherwise the test is skipped. What an earlier
// test that was killed has left running is ended first.
func Open(t testing.TB) *cluster.Plan {
	t.Helper()
	if dir := os.Getenv("TRIAGENT_TEST_IOTDB"); dir != "" {
		p, err := cluster.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if os.Getenv("TRIAGENT_TEST_ALL") != "1" {
		t.Skip("a real IoTDB takes a minute to start: set TRIAGENT_TEST_ALL=1, or TRIAGENT_TEST_IOTDB to the folder of a lab that runs")
	}
	k, dir := slot(t)
	p := &cluster.Plan{Dir: dir, Port: 21000 + 300*k}
	t.Cleanup(func() {
		err := p.Down(context.Background())
		if err == nil && !t.Failed() { // its logs tell why
			err = os.RemoveAll(dir)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if err := p.Up(t.Context(), false, func(s string) { t.Log(s) }); err != nil {
		t.Fatal(err)
	}
	return p
}

// held keeps the locks of this process.
var held struct {
	sync.Mutex
	files []*os.File
}

// slot takes a number that no other test on this machine has, until this process
// ends, and returns the folder that goes with it.
func slot(t testing.TB) (int, string) {
	t.Helper()
	held.Lock()
	defer held.Unlock()
	for k := range 8 {
		dir := filepath.Join(os.TempDir(), fmt.Sprintf("triagent-lab-%d-%d", os.Getuid(), k))
		f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			held.files = append(held.files, f)
			return k, dir
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			t.Fatal(err)
		}
	}
	t.Fatal("eight labs run already")
	return 0, ""
}
