package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"triagent/internal/errs"
)

// Up starts the lab and waits until every node runs. What an earlier lab in the
// same folder left running is ended first; its data is removed unless keep is
// set. An error ends what was started. Say may be nil.
func (p *Plan) Up(ctx context.Context, keep bool, say func(string)) (err error) {
	if err := p.fill(); err != nil {
		return err
	}
	if say == nil {
		say = func(string) {}
	}
	jars, err := Jars(ctx)
	if err != nil {
		return err
	}
	if err := p.save(); err != nil {
		return err
	}
	if err := p.end(ctx, 0); err != nil {
		return err
	}
	if !keep {
		if err := p.clear(); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.end(context.WithoutCancel(ctx), 0))
		}
	}()
	for _, n := range p.Nodes() {
		say("starting " + n.Name + " on " + n.Addr)
		if err := p.startNode(ctx, n, jars); err != nil {
			return err
		}
	}
	if err := p.startMonitors(say); err != nil {
		return err
	}
	say("waiting for all nodes")
	if err := p.Ready(ctx); err != nil {
		return err
	}
	return p.readme()
}

// clear removes what nodes and monitors wrote.
func (p *Plan) clear() error {
	dirs := []string{filepath.Join(p.Dir, "prometheus"), filepath.Join(p.Dir, "alertmanager")}
	for _, n := range p.Nodes() {
		dirs = append(dirs, n.Dir)
	}
	for _, d := range dirs {
		if err := os.RemoveAll(d); err != nil {
			return err
		}
	}
	return nil
}

// startNode starts a node and waits until the cluster has given it its ID: so
// IDs follow the order of the starts.
func (p *Plan) startNode(ctx context.Context, n Node, jars string) error {
	g, err := p.configure(n, jars)
	if err != nil {
		return err
	}
	if err := p.spawn(g); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return poll(ctx, 200*time.Millisecond, func() error { return p.registered(n) })
}

// registered says why a node is not a member of the cluster yet.
func (p *Plan) registered(n Node) error {
	key, file := "config_node_id", filepath.Join(n.Dir, "data", "confignode", "system", "confignode-system.properties")
	if n.Data {
		key, file = "data_node_id", filepath.Join(n.Dir, "data", "datanode", "system", "system.properties")
	}
	b, _ := os.ReadFile(file) // absent as long as it starts
	for line := range strings.Lines(string(b)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		if k != key {
			continue
		}
		if v != fmt.Sprint(n.ID) {
			return errs.New(errs.Internal, "%s is node %s of the cluster", n.Name, v)
		}
		return nil
	}
	if c, err := p.signal(0, n.Name); err == nil && c == 0 {
		out, _ := os.ReadFile(filepath.Join(n.Dir, "out"))
		return errs.New(errs.Unavailable, "%s ended: %s", n.Name, tail(out, 500))
	}
	return errs.New(errs.Unavailable, "%s has not joined the cluster; see its log in %s", n.Name, filepath.Join(n.Dir, "logs"))
}

func (p *Plan) startMonitors(say func(string)) error {
	list, err := p.monitors()
	if err != nil {
		return err
	}
	for _, g := range list {
		if _, err := exec.LookPath(g.path); err != nil {
			say(g.path + " is not installed: the lab goes without it (Debian: " + g.path + ")")
			continue
		}
		if err := p.spawn(g); err != nil {
			return err
		}
	}
	return nil
}

// Ready waits, for up to three minutes, until the cluster says of every node
// that it runs, and until Prometheus answers if it was started.
func (p *Plan) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	err := poll(ctx, 500*time.Millisecond, func() error {
		for _, url := range p.REST() {
			if err := p.allRun(ctx, url); err != nil {
				return err
			}
		}
		return nil
	})
	if all, _ := p.running(); err == nil && len(all["prometheus"]) > 0 {
		err = poll(ctx, 200*time.Millisecond, func() error { return answers(ctx, "http://"+p.Prometheus()+"/-/ready") })
	}
	return err
}

// allRun asks one node whether all run.
func (p *Plan) allRun(ctx context.Context, url string) error {
	c := client{url: url}
	rows, err := c.query(ctx, "show cluster")
	if err != nil {
		return err
	}
	status, nodes := rows.column("Status"), 0
	for i, s := range status {
		if s != "Running" {
			return errs.New(errs.Unavailable, "node %v is %v", rows.column("NodeID")[i], s)
		}
		nodes++
	}
	if want := len(p.Nodes()); nodes != want {
		return errs.New(errs.Unavailable, "%d nodes of %d", nodes, want)
	}
	return nil
}

func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errs.New(errs.Unavailable, "%s: status %d", url, resp.StatusCode)
	}
	return nil
}

// Down ends everything that the lab runs and leaves its files.
func (p *Plan) Down(ctx context.Context) error { return p.end(ctx, 15*time.Second) }

// Kill ends a node as kill -9 does.
func (p *Plan) Kill(ctx context.Context, name string) error {
	if err := p.runs(name); err != nil {
		return err
	}
	return p.end(ctx, 0, name)
}

// Stop ends a node kindly.
func (p *Plan) Stop(ctx context.Context, name string) error {
	if err := p.runs(name); err != nil {
		return err
	}
	return p.end(ctx, 30*time.Second, name)
}

// Start starts a node that was killed or stopped, with its data, and waits until
// the cluster says that it runs.
func (p *Plan) Start(ctx context.Context, name string) error {
	n, err := p.Node(name)
	if err != nil {
		return err
	}
	if p.runs(name) == nil {
		return errs.New(errs.Invalid, "%s runs already", name)
	}
	jars, err := Jars(ctx)
	if err != nil {
		return err
	}
	if err := p.startNode(ctx, n, jars); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return poll(ctx, 500*time.Millisecond, func() error { return p.nodeRuns(ctx, n) })
}

// nodeRuns says why the cluster does not take a node for a running one. A
// DataNode answers itself; it needs a moment until its old self is forgotten.
func (p *Plan) nodeRuns(ctx context.Context, n Node) error {
	urls := p.REST()
	if n.Data {
		urls = []string{"http://" + n.At(n.REST())}
	}
	var failed error
	for _, url := range urls {
		rows, err := client{url: url}.query(ctx, "show cluster")
		if err != nil {
			failed = err
			continue
		}
		status := rows.column("Status")
		for i, id := range rows.column("NodeID") {
			if id == float64(n.ID) && i < len(status) && status[i] == "Running" {
				return nil
			}
		}
		return errs.New(errs.Unavailable, "%s does not run yet", n.Name)
	}
	return failed
}

// Pause freezes a node: its connections stay open and nothing answers.
func (p *Plan) Pause(name string) error { return p.send(syscall.SIGSTOP, name) }

// Resume lets a paused node go on.
func (p *Plan) Resume(name string) error { return p.send(syscall.SIGCONT, name) }

func (p *Plan) send(sig syscall.Signal, name string) error {
	if err := p.runs(name); err != nil {
		return err
	}
	_, err := p.signal(sig, name)
	return err
}

// runs says why a node does not run.
func (p *Plan) runs(name string) error {
	if _, err := p.Node(name); err != nil && name != "prometheus" && name != "alertmanager" {
		return err
	}
	n, err := p.signal(0, name)
	if err == nil && n == 0 {
		err = &errs.Error{Kind: errs.NotFound, Err: fmt.Errorf("%s does not run", name), Remedy: "start it"}
	}
	return err
}

// Running returns the process IDs of the lab by name.
func (p *Plan) Running() (map[string][]int, error) { return p.running() }

// readme writes the addresses down for people.
func (p *Plan) readme() error {
	var b strings.Builder
	fmt.Fprintf(&b, "A cluster of Apache IoTDB %s for tests. End it: go run ./lab/iotdb down --dir %s\n\n", Version, p.Dir)
	for _, n := range p.Nodes() {
		fmt.Fprintf(&b, "%-13s internal %s  metrics http://%s/metrics", n.Name, n.At(n.Internal()), n.At(n.Metrics()))
		if n.Data {
			fmt.Fprintf(&b, "  rpc %s  REST http://%s", n.At(n.RPC()), n.At(n.REST()))
		}
		fmt.Fprintf(&b, "\n%-13s logs %s\n", "", filepath.Join(n.Dir, "logs"))
	}
	fmt.Fprintf(&b, "\nuser and password: root, root\nPrometheus    http://%s (every %v)\n", p.Prometheus(), p.Scrape)
	if p.Webhook != "" {
		fmt.Fprintf(&b, "Alertmanager  http://%s, tells %s\n", p.Alertmanager(), p.Webhook)
	}
	return os.WriteFile(filepath.Join(p.Dir, "README"), []byte(b.String()), 0o644) //nolint:gosec // for people
}
