package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// service is the program under test.
type service struct {
	binary, database, dir string

	mu   sync.Mutex
	cmd  *exec.Cmd
	addr string
}

func (s *service) kind() string {
	if s.database != "" {
		return "PostgreSQL"
	}
	return "SQLite"
}

// start starts the service and waits until it is ready. It keeps its port.
func (s *service) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.addr = l.Addr().String()
		if err := l.Close(); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(logFile(s.dir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	config := filepath.Join(s.dir, "config.yaml")
	text := fmt.Sprintf("listen: %s\ndata: %s\ndatabase: %q\nhooks:\n  settle: 100ms\n", s.addr, filepath.Join(s.dir, "data"), s.database)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	s.cmd = exec.CommandContext(ctx, s.binary, "serve", "--config", config)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.ready(ctx)
}

// ready waits until the service says that it is ready.
func (s *service) ready(ctx context.Context) error {
	for range 300 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if !pause(ctx, 50*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	text, _ := os.ReadFile(logFile(s.dir))
	return fmt.Errorf("%w; its log ends with:\n%s", errNotReady, text[max(0, len(text)-2000):])
}

// kill ends the service without a warning.
func (s *service) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}
