package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Down ends everything that was started and waits for it.
func (c *Cluster) Down() error {
	var g errgroup.Group
	for _, p := range c.procs {
		g.Go(func() error { return p.Stop(20 * time.Second) })
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
