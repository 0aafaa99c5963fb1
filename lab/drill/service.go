// Package drill shows what the program is worth to somebody on call. It runs
// `triagent serve` beside a lab as its users run it, with a file of settings and
// an Alertmanager that calls its hook, and tells how long after a fault an
// incident was open, when its cause was named, and what was said of it.
package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"triagent/lab/process"
)

// Service is the program, serving.
type Service struct {
	Addr string // host:port

	dir     string
	token   string // may read, and call the hooks
	process *process.Process
	http    *http.Client
}

// account is the one that the drill makes.
const account, password = "lab", "a password of the lab 1"

// Place says where the program will be: its settings, data and log in a new
// folder, and where it listens; empty: a free port of the loopback.
func Place(dir, addr string) (*Service, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // other users go through it
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if addr == "" {
		if addr, err = free(); err != nil {
			return nil, err
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Service{Addr: addr, dir: dir, http: &http.Client{Jar: jar, Timeout: 10 * time.Second}}, nil
}

// Start builds the program, starts it, makes the first account and writes a token
// to TokenFile. Systems is the settings' list of systems, as YAML. Stop it.
func (s *Service) Start(ctx context.Context, systems string, say func(string)) error {
	program := filepath.Join(s.dir, "triagent")
	say("building the program")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "triagent/cmd/triagent")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w: %s", err, out)
	}
	settings := filepath.Join(s.dir, "triagent.yaml")
	text := fmt.Sprintf("listen: %q\ndata: %q\nsystems:\n%s", s.Addr, filepath.Join(s.dir, "data"), systems)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return err
	}
	say("starting the program with " + settings)
	var err error
	s.process, err = process.Begin(process.Command{Name: "serve", Path: program, Args: []string{"serve", "--config", settings}}, s.dir)
	if err != nil {
		return err
	}
	if err = s.enter(ctx); err == nil {
		err = os.WriteFile(s.TokenFile(), []byte(s.token), 0o600)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w; its log is %s", err, s.Log()), s.Stop())
	}
	return nil
}

// URL is that of its page.
func (s *Service) URL() string { return "http://" + s.Addr }

// TokenFile holds a token that may call the hook.
func (s *Service) TokenFile() string { return filepath.Join(s.dir, "token") }

// Hook is what an Alertmanager calls.
func (s *Service) Hook() string { return s.URL() + "/api/v1/hooks/alertmanager" }

// Log is the file of what the program says.
func (s *Service) Log() string { return filepath.Join(s.dir, "serve.log") }

// Report is the file of the diagnosis in words, in Markdown, once there is one.
func (s *Service) Report() string { return filepath.Join(s.dir, "report.md") }

// Stop ends the program.
func (s *Service) Stop() error {
	if s.process == nil {
		return nil
	}
	return s.process.Stop(20 * time.Second)
}

// oneTime is the link that the program prints at its first start.
var oneTime = regexp.MustCompile(`/setup\?token=([\w-]+)`)

// enter makes the first account by the link that is printed, and a token.
func (s *Service) enter(ctx context.Context) error {
	link, err := s.link(ctx)
	if err != nil {
		return err
	}
	var in struct{ CSRF string }
	if err := s.call(ctx, "POST", "/session/setup", "", map[string]any{"token": link, "name": account, "password": password}, &in); err != nil {
		return err
	}
	if err := s.call(ctx, "GET", "/session", "", nil, &in); err != nil {
		return err
	}
	var made struct{ Token string }
	err = s.call(ctx, "POST", "/me/tokens", in.CSRF, map[string]any{"name": "drill", "scopes": []string{"hooks", "read"}}, &made)
	s.token = made.Token
	return err
}

// link waits for the link in the log.
func (s *Service) link(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("it has printed no link for the first account within a minute"))
	defer cancel()
	for {
		if b, err := os.ReadFile(s.Log()); err == nil {
			if m := oneTime.FindSubmatch(b); m != nil {
				return string(m[1]), nil
			}
		}
		if s.process.Ended() {
			return "", fmt.Errorf("the program ended: %w", s.process.Err())
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// call asks the API, as the account if there is no token yet.
func (s *Service) call(ctx context.Context, method, path, csrf string, body, to any) error {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL()+"/api/v1"+path, text)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if csrf != "" {
		req.Header.Set("X-CSRF-Token", csrf)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return json.Unmarshal(b, to)
}

// free finds a port of the loopback.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
