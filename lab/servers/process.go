package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
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

// command is a program to be started.
type command struct {
	name string // of its log
	path string
	args []string
	env  []string // beside PATH, HOME and LANG
}

// process is a program that runs, in a process group of its own.
type process struct {
	name, log string
	pid       int
	done      chan struct{}
	group     errgroup.Group
	result    error // after done
}

// begin starts a program with its output in a log in dir. It ends when this
// process does: the kernel ends it with the thread that started it, so that
// thread waits for it.
func begin(c command, dir string, who *syscall.Credential) (*process, error) {
	p := &process{name: c.name, log: filepath.Join(dir, c.name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8"}, c.env...)
	cmd.SysProcAttr = bound(&syscall.SysProcAttr{Setpgid: true, Credential: who}) // an interrupt of the tests is not the server's
	started := make(chan error, 1)
	p.group.Go(func() error {
		defer close(p.done)
		defer func() { _ = out.Close() }() // the program has its own
		runtime.LockOSThread()             // for good: the thread ends with the program
		err := cmd.Start()
		started <- err
		if err != nil {
			return err
		}
		p.result = cmd.Wait()
		return nil
	})
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.name, err), p.group.Wait())
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) err() error {
	if p.result == nil {
		return errors.New("with success")
	}
	return p.result
}

// stop asks the program to end, and makes it.
func (p *process) stop() error {
	_ = syscall.Kill(-p.pid, syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
	}
	p.kill()
	return p.group.Wait()
}

func (p *process) kill() {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // it may have ended; its children too
	<-p.done
}

// identity is whom a server runs as: nobody, where it refuses root and this
// process is root's; the folder is given to it. nil: as we do.
func identity(unroot bool, dir string) (*syscall.Credential, error) {
	if !unroot || os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, lacks("it refuses root, and there is no user nobody: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(gid))
	})
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// freePorts finds a port for each name that has none wanted.
func freePorts(names []string, wanted map[string]int) (map[string]int, error) {
	out := map[string]int{}
	for _, n := range names { // all are held until all are found
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(wanted[n]))
		if err != nil {
			return nil, fmt.Errorf("port %s: %w", n, err)
		}
		defer func() { _ = l.Close() }()
		out[n] = l.Addr().(*net.TCPAddr).Port
	}
	return out, nil
}
