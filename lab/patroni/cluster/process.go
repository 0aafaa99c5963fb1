package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// identity is whom servers that refuse root run as; a nil credential: as we do.
type identity struct{ *syscall.Credential }

// unprivileged is nobody, if this process is root's.
func unprivileged() (identity, error) {
	if os.Getuid() != 0 {
		return identity{}, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return identity{}, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return identity{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return identity{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, err
}

// own gives a folder to whom servers run as.
func (w identity) own(dir string) error {
	if w.Credential == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(w.Uid), int(w.Gid))
	})
}

// command is a program to be started.
type command struct {
	name string // of its log
	path string
	args []string
	env  []string // beside PATH, HOME and LANG
	home string   // where it runs; empty: the folder of the cluster
}

// process is a program that runs, in a process group of its own.
type process struct {
	pid   int
	done  chan struct{}
	group errgroup.Group
}

// begin starts a program with its output in a log in dir. The kernel asks it to
// end with the thread that started it, so that thread waits for it.
func begin(c command, dir string, who identity) (*process, error) {
	out, err := os.OpenFile(filepath.Join(dir, c.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644) //nolint:gosec // a log
	if err != nil {
		return nil, err
	}
	if c.home == "" {
		c.home = dir
	}
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.home, out, out
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home, "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"}, c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: who.Credential, Pdeathsig: syscall.SIGTERM}
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	p.group.Go(func() error {
		defer close(p.done)
		defer func() { _ = out.Close() }() // the program has its own
		runtime.LockOSThread()             // for good: the thread ends with the program
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ends is what the lab is about
		}
		return err
	})
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.name, err), p.group.Wait())
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// end asks a program to end, and makes it after a while.
func (p *process) end(within time.Duration) {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(p.pid, syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(within):
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.done
	}
}

// Down ends everything that was started and waits for it.
func (c *Cluster) Down() error {
	var g errgroup.Group
	for _, p := range c.procs {
		g.Go(func() error {
			p.end(20 * time.Second)
			return p.group.Wait()
		})
	}
	all := []error{g.Wait(), c.Clean()}
	for i := len(c.other) - 1; i >= 0; i-- {
		all = append(all, c.other[i].Stop())
	}
	c.procs, c.other = nil, nil
	return errors.Join(all...)
}

// Clean ends what is left of the nodes of a cluster whose process is gone.
func (p *Plan) Clean() error {
	for i := range p.Node {
		if p.Node[i].Name != "" {
			if err := p.kill(&p.Node[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// kill ends Patroni and all processes of PostgreSQL of a node at once, if they
// run; the postmaster first, or it would start others anew.
func (p *Plan) kill(n *Node) error {
	pids := []int{n.Patroni}
	if b, err := os.ReadFile(filepath.Join(p.data(n), "postmaster.pid")); err == nil {
		line, _, _ := strings.Cut(string(b), "\n")
		if pid, err := strconv.Atoi(line); err == nil {
			pids = append(pids, pid)
		}
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, dir := range all {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			pids = append(pids, pid)
		}
	}
	for _, pid := range pids {
		if !p.belongs(pid, n) {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end %s: %w", n.Name, err)
		}
	}
	return nil
}

func (p *Plan) data(n *Node) string { return filepath.Join(p.Dir, n.Name, "data") }

// belongs reports whether a process is Patroni or PostgreSQL of a node: numbers
// of processes are used again. Patroni is told its file, and all processes of
// PostgreSQL work in the folder of the data.
func (p *Plan) belongs(pid int, n *Node) bool {
	if pid <= 1 {
		return false
	}
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if cwd, err := os.Readlink(filepath.Join(proc, "cwd")); err == nil && cwd == p.data(n) {
		return true
	}
	args, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	return err == nil && bytes.Contains(args, []byte("\x00"+filepath.Join(p.Dir, n.Name, "patroni.yml")+"\x00"))
}

// install finds a program, or installs its package of Debian where this process
// is root's.
func install(ctx context.Context, program, pkg string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	if os.Getuid() != 0 {
		return fmt.Errorf("%s is not installed: apt-get install %s", program, pkg)
	}
	cmd := exec.CommandContext(ctx, "apt-get", "install", "-y", "-q", "--no-install-recommends", pkg)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install %s: %w: %s", pkg, err, out[max(0, len(out)-400):])
	}
	return nil
}

// End asks the process that runs a cluster to end it, waits until it has, and
// ends what is left of the nodes if that process is gone.
func (p *Plan) End(ctx context.Context) error {
	plan := filepath.Join(p.Dir, "plan.json")
	if args, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.PID), "cmdline")); err == nil && bytes.Contains(args, []byte("patroni")) {
		if err := syscall.Kill(p.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		return poll(ctx, time.Minute, "the cluster to end", func(context.Context) bool {
			_, err := os.Stat(plan)
			return errors.Is(err, fs.ErrNotExist)
		})
	}
	return errors.Join(p.Clean(), os.Remove(plan))
}
