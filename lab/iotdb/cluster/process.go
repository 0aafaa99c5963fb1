package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"triagent/internal/errs"
)

// The marks that a process of a lab carries in its environment.
const (
	markDir  = "TRIAGENT_LAB="
	markName = "TRIAGENT_LAB_NODE="
)

// program is something that a lab runs.
type program struct {
	name string
	dir  string // working directory; its output goes to the file "out" there
	path string
	args []string
}

// spawn starts a program in a session of its own, so that no signal for us
// reaches it, and does not wait for it.
func (p *Plan) spawn(g program) error {
	out, err := os.OpenFile(filepath.Join(g.dir, "out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(g.path, g.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = g.dir, out, out
	cmd.Env = append(os.Environ(), markDir+p.Dir, markName+g.name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", g.name, err)
	}
	err = os.WriteFile(filepath.Join(g.dir, "pid"), []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o600)
	return errors.Join(err, cmd.Process.Release())
}

// running returns the process IDs of this lab by the names of what they run.
func (p *Plan) running() (map[string][]int, error) {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]int)
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ")) // of a zombie it is empty
		if err != nil || !bytes.Contains(env, []byte(markDir)) {
			continue
		}
		var dir, name string
		for v := range strings.SplitSeq(string(env), "\x00") {
			if d, ok := strings.CutPrefix(v, markDir); ok {
				dir = d
			}
			if n, ok := strings.CutPrefix(v, markName); ok {
				name = n
			}
		}
		if dir == p.Dir && name != "" {
			out[name] = append(out[name], pid)
		}
	}
	return out, nil
}

// signal sends a signal to what runs under the names, to all if there is none.
// It returns how many processes there were.
func (p *Plan) signal(sig syscall.Signal, names ...string) (int, error) {
	all, err := p.running()
	if err != nil {
		return 0, err
	}
	if len(names) == 0 {
		for name := range all {
			names = append(names, name)
		}
	}
	n := 0
	for _, name := range names {
		for _, pid := range all[name] {
			n++
			if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
				return n, fmt.Errorf("signal %s: %w", name, err)
			}
		}
	}
	return n, nil
}

// end ends what runs under the names, all if there is none: kindly at first, for
// so long, then not.
func (p *Plan) end(ctx context.Context, kind time.Duration, names ...string) error {
	if _, err := p.signal(syscall.SIGCONT, names...); err != nil {
		return err
	}
	if kind > 0 {
		if _, err := p.signal(syscall.SIGTERM, names...); err != nil {
			return err
		}
		soft, cancel := context.WithTimeout(ctx, kind)
		gone := p.gone(soft, names...)
		cancel()
		if gone == nil {
			return nil
		}
	}
	if _, err := p.signal(syscall.SIGKILL, names...); err != nil {
		return err
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return p.gone(hard, names...)
}

// gone waits until nothing runs under the names.
func (p *Plan) gone(ctx context.Context, names ...string) error {
	return poll(ctx, 100*time.Millisecond, func() error {
		n, err := p.signal(0, names...)
		if err == nil && n > 0 {
			err = errs.New(errs.Unavailable, "%d processes are still there", n)
		}
		return err
	})
}

// poll calls f until it returns no error; when the time of ctx is over it returns
// the last, when ctx is cancelled why.
func poll(ctx context.Context, every time.Duration, f func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return context.Cause(ctx)
			}
			return err
		case <-tick.C:
		}
	}
}

// wait waits for so long, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
