package servers

import (
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// TestHolds shows that it is known who listens on a port: we do, and not the
// program.
func TestHolds(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("only Linux tells who listens, and a program called sleep is needed")
	}
	p, err := begin(command{name: "sleep", path: sleep, args: []string{"600"}}, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.stop() }() // it is killed
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	if ours, known := holds([]*process{p}, port); ours || !known {
		t.Errorf("sleep holds our port: %v, known %v", ours, known)
	}
	us := &process{pid: syscall.Getpgrp()}
	if ours, known := holds([]*process{us}, port); !ours || !known {
		t.Errorf("we hold our port: %v, known %v", ours, known)
	}
}
