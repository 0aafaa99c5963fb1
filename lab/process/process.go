// Package process starts the programs of labs: each in a process group of its
// own, with a log, and none outlives us.
package process

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Command is a program to be started.
type Command struct {
	Name string // of its log
	Path string
	Args []string
	Env  []string            // beside PATH, HOME and LANG
	Home string              // where it runs; empty: where its log is
	As   *syscall.Credential // nil: as we do
	// Orphan is the signal that the kernel sends it when we end without ending
	// it; 0: SIGKILL. Linux alone does.
	Orphan syscall.Signal
}

// Process is a program that was started. It is safe for concurrent use.
type Process struct {
	Name string
	PID  int
	Log  string // its file

	done   chan struct{}
	group  errgroup.Group
	result error // after done
}

// Begin starts a program with its output in NAME.log in dir. The kernel ends it
// with the thread that started it, so that thread waits for it.
func Begin(c Command, dir string) (*Process, error) {
	p := &Process{Name: c.Name, Log: filepath.Join(dir, c.Name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644) //nolint:gosec // a log
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = cmp.Or(c.Home, dir), out, out
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "LANG=C.UTF-8"}, c.Env...)
	cmd.SysProcAttr = bound(&syscall.SysProcAttr{Setpgid: true, Credential: c.As}, cmp.Or(c.Orphan, syscall.SIGKILL)) // an interrupt of ours is not the program's
	started := make(chan error, 1)
	p.group.Go(func() error {
		defer close(p.done)
		defer func() { _ = out.Close() }() // the program has its own
		runtime.LockOSThread()             // for good: the thread ends with the program
		err := cmd.Start()
		started <- err
		if err == nil {
			p.result = cmd.Wait()
		}
		return err
	})
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.Name, err), p.group.Wait())
	}
	p.PID = cmd.Process.Pid
	return p, nil
}

// Ended reports whether the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Err says how a program ended that has.
func (p *Process) Err() error {
	if p.result == nil {
		return errors.New("with success")
	}
	return p.result
}

// Stop asks the program to end, and after so long makes it and what it started.
func (p *Process) Stop(within time.Duration) error {
	if !p.Ended() {
		_ = syscall.Kill(p.PID, syscall.SIGTERM) // it may have ended
	}
	select {
	case <-p.done:
	case <-time.After(within):
	}
	p.Kill()
	return p.group.Wait()
}

// Kill ends the program and what it started as kill -9 does.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.PID, syscall.SIGKILL) // it may have ended; its children too
	<-p.done
}

// Nobody is whom servers that refuse root run as; nil where we are not root.
func Nobody() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// Give makes a folder and all in it a user's; to nil it does nothing.
func Give(dir string, to *syscall.Credential) error {
	if to == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(to.Uid), int(to.Gid))
	})
}
