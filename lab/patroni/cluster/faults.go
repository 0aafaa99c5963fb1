package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Kill ends Patroni and PostgreSQL of a node as kill -9 does; an empty name is
// the leader's. It returns the node's name.
func (p *Plan) Kill(ctx context.Context, name string) (string, error) {
	n, err := p.named(ctx, name, p.Leader)
	if err != nil {
		return "", err
	}
	return n.Name, p.kill(n)
}

// Lag keeps a standby from replaying what it receives until ctx ends, by
// stopping the process that does; Patroni would undo pg_wal_replay_pause. An
// empty name is the first standby's. Begun is told the node's name.
func (p *Plan) Lag(ctx context.Context, name string, begun func(string)) error {
	n, err := p.named(ctx, name, p.Standby)
	if err != nil {
		return err
	}
	c, err := n.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // it is done with
	var pid int
	if err := c.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'").Scan(&pid); err != nil {
		return err
	}
	if !p.belongs(pid, n) {
		return fmt.Errorf("process %d replays for %s, and is not of this cluster", pid, n.Name)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	begun(n.Name)
	<-ctx.Done()
	return syscall.Kill(pid, syscall.SIGCONT)
}

// Lock has three sessions of which each waits for the next until ctx ends; the
// last one holds rows that the load wants and does nothing. Begun is told the
// name of the node, the leader.
func (p *Plan) Lock(ctx context.Context, begun func(string)) error {
	n, err := p.Leader(ctx)
	if err != nil {
		return err
	}
	var all [3]*pgx.Conn
	for i := range all {
		if all[i], err = n.Connect(ctx); err != nil {
			return err
		}
		defer func() { _ = all[i].Close(context.WithoutCancel(ctx)) }() // its transaction ends with it
	}
	half := accounts / 2
	for _, q := range []struct {
		by  int
		sql string
	}{
		{0, fmt.Sprintf("BEGIN; UPDATE account SET note = note WHERE id <= %d", half)},
		{1, fmt.Sprintf("BEGIN; UPDATE account SET note = note WHERE id = %d", half+1)},
	} {
		if _, err := all[q.by].Exec(ctx, q.sql); err != nil {
			return err
		}
	}
	begun(n.Name)
	var g errgroup.Group
	for i, row := range []int{1, half + 1} { // the second waits for the first, the third for the second
		g.Go(func() error {
			if _, err := all[i+1].Exec(ctx, fmt.Sprintf("UPDATE account SET note = note WHERE id = %d", row)); err != nil && ctx.Err() == nil {
				return err
			}
			return nil
		})
	}
	<-ctx.Done()
	return g.Wait()
}

func (p *Plan) named(ctx context.Context, name string, or func(context.Context) (*Node, error)) (*Node, error) {
	if name == "" {
		return or(ctx)
	}
	for i := range p.Node {
		if p.Node[i].Name == name {
			return &p.Node[i], nil
		}
	}
	return nil, fmt.Errorf("no node is called %q", name)
}

// write writes a file that other users read, and its folder.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // holds no secret
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644) //nolint:gosec // holds no secret
}
