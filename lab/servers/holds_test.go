package servers

import (
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"triagent/lab/process"
)

// TestHolds shows that it is known who listens on a port: we do, and not the
// program.
func TestHolds(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("only Linux tells who listens, and a program called sleep is needed")
	}
	p, err := process.Begin(process.Command{Name: "sleep", Path: sleep, Args: []string{"600"}}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Stop(time.Second) }() // it is killed
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	if ours, known := holds([]int{p.PID}, port); ours || !known {
		t.Errorf("sleep holds our port: %v, known %v", ours, known)
	}
	if ours, known := holds([]int{syscall.Getpgrp()}, port); !ours || !known {
		t.Errorf("we hold our port: %v, known %v", ours, known)
	}
}
