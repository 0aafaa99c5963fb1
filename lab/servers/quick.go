package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"triagent/lab/process"
)

// write writes a configuration file into the server's folder and returns its path.
func (s *Server) write(name, text string) (string, error) {
	path := filepath.Join(s.Dir, name)
	return path, os.WriteFile(path, []byte(text), 0o644) //nolint:gosec // another user may have to read it
}

// config writes the configuration, or that of the options.
func (s *Server) config(name, text string) error {
	if s.o.Config != "" {
		text = s.o.Config
	}
	_, err := s.write(name, text)
	return err
}

// packaged is a program of one Debian package.
func packaged(program, pkg string) func(context.Context, *Options) (programs, error) {
	return func(ctx context.Context, _ *Options) (programs, error) {
		path, err := debian(ctx, program, pkg)
		return programs{program: path}, err
	}
}

var prometheus = recipe{
	get: packaged("prometheus", "prometheus"), ports: []string{"http"}, within: time.Minute, ready: answers("/-/ready"),
	prepare: func(_ context.Context, s *Server, _ programs) error {
		return s.config("prometheus.yml", "global: {scrape_interval: 1s}\n"+
			"scrape_configs:\n- job_name: prometheus\n  static_configs: [{targets: ['"+s.Addr("http")+"']}]\n")
	},
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{{Name: "prometheus", Path: p["prometheus"], Args: append([]string{
			"--config.file=prometheus.yml", "--storage.tsdb.path=" + filepath.Join(s.Dir, "data"), "--web.listen-address=" + s.Addr("http"),
			"--web.enable-remote-write-receiver", "--web.enable-lifecycle",
		}, s.o.Args...)}}
	},
}

var alertmanager = recipe{
	get: packaged("prometheus-alertmanager", "prometheus-alertmanager"), ports: []string{"http"}, within: time.Minute, ready: answers("/-/ready"),
	prepare: func(_ context.Context, s *Server, _ programs) error {
		return s.config("alertmanager.yml", "route: {receiver: none, group_wait: 1s}\nreceivers: [{name: none}]\n")
	},
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{{Name: "alertmanager", Path: p["prometheus-alertmanager"], Args: append([]string{
			"--config.file=alertmanager.yml", "--storage.path=" + filepath.Join(s.Dir, "data"), "--web.listen-address=" + s.Addr("http"),
			"--cluster.listen-address=",
		}, s.o.Args...)}}
	},
}

var etcd = recipe{
	get: packaged("etcd", "etcd-server"), ports: []string{"http", "peer"}, within: time.Minute, ready: answers("/health"),
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{etcdCommand(s, p["etcd"], "http", "peer")}
	},
}

func etcdCommand(s *Server, path, client, peer string) process.Command {
	c, p := "http://"+s.Addr(client), "http://"+s.Addr(peer)
	return process.Command{Name: "etcd", Path: path, Args: append([]string{
		"--data-dir", filepath.Join(s.Dir, "etcd"), "--listen-client-urls", c, "--advertise-client-urls", c,
		"--listen-peer-urls", p, "--initial-advertise-peer-urls", p, "--initial-cluster", "default=" + p, "--unsafe-no-fsync",
	}, s.o.Args...)}
}

// postgresql is one server with user postgres, whom nobody asks for a password,
// and pg_stat_statements.
var postgresql = recipe{
	get: packaged("postgres", "postgresql"), ports: []string{"http"}, scheme: "postgres", unroot: true, within: time.Minute,
	prepare: func(ctx context.Context, s *Server, p programs) error {
		s.URL = "postgres://postgres@" + s.Addr("http") + "/"
		if _, err := os.Stat(filepath.Join(s.Dir, "data", "PG_VERSION")); err == nil {
			return nil
		}
		who, err := identity(true, s.Dir)
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(p["postgres"]), "initdb"), "-D", filepath.Join(s.Dir, "data"),
			"-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
		cmd.Dir, cmd.SysProcAttr = s.Dir, &syscall.SysProcAttr{Credential: who}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w: %s", err, out)
		}
		return nil
	},
	commands: func(s *Server, p programs) []process.Command {
		return []process.Command{{Name: "postgres", Path: p["postgres"], Args: append([]string{
			"-D", filepath.Join(s.Dir, "data"), "-p", strconv.Itoa(s.Ports["http"]), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "fsync=off", "-c", "shared_preload_libraries=pg_stat_statements", "-c", "shared_buffers=64MB",
		}, s.o.Args...)}}
	},
	ready: func(ctx context.Context, s *Server) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		c, err := pgx.Connect(ctx, s.URL+"postgres?sslmode=disable")
		if err != nil {
			return err
		}
		return errors.Join(c.Ping(ctx), c.Close(ctx))
	},
}
