// Package cluster runs a real cluster of three PostgreSQL nodes under Patroni on
// this machine, with etcd, exporters, a Prometheus that scrapes them and, if a
// webhook is given, an Alertmanager; and it does faults to it. All ports are of
// the loopback. Everything ends with the process that started it.
package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"triagent/lab/process"
	"triagent/lab/servers"
)

// Nodes is how many nodes there are.
const Nodes = 3

// Plan is where everything of a cluster is. It is kept in the cluster's folder.
type Plan struct {
	Dir        string        `json:"-"`
	Scope      string        `json:"scope"` // name of the cluster in Patroni
	Node       [Nodes]Node   `json:"nodes"`
	Etcd       string        `json:"etcd"`       // host:port
	Prometheus string        `json:"prometheus"` // URL
	Webhook    string        `json:"webhook"`    // that Alertmanager tells of alerts; empty: no Alertmanager
	TokenFile  string        `json:"token_file"` // of the token that it shows there; empty: none
	Scrape     time.Duration `json:"scrape"`     // 0: 1 s
	PID        int           `json:"pid"`        // of the process that runs it
}

// Node is one node.
type Node struct {
	Name     string `json:"name"`
	SQL      string `json:"sql"`      // host:port of PostgreSQL
	REST     string `json:"rest"`     // host:port of Patroni
	Exporter string `json:"exporter"` // host:port of its exporter; empty: none is installed
	Patroni  int    `json:"patroni"`  // PID
}

// Open reads the plan of a cluster that runs.
func Open(dir string) (*Plan, error) {
	b, err := os.ReadFile(filepath.Join(dir, "plan.json"))
	if err != nil {
		return nil, fmt.Errorf("no cluster is in %s: %w", dir, err)
	}
	p := &Plan{Dir: dir}
	return p, json.Unmarshal(b, p)
}

func (p *Plan) save() error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, "plan.json"), b, 0o644) //nolint:gosec // holds no secret
}

// Cluster is one that runs in this process.
type Cluster struct {
	*Plan
	who   *syscall.Credential
	procs []*process.Process
	other []*servers.Server
}

// Up starts a cluster in an empty folder and waits until it is ready; Down ends
// it. Say is told of every step.
func Up(ctx context.Context, p Plan, say func(string)) (*Cluster, error) {
	c := &Cluster{Plan: &p}
	if err := c.up(ctx, say); err != nil {
		return nil, errors.Join(err, c.Down())
	}
	return c, nil
}

func (c *Cluster) up(ctx context.Context, say func(string)) (err error) {
	c.Scope, c.Scrape, c.PID = cmp.Or(c.Scope, "shop"), cmp.Or(c.Scrape, time.Second), os.Getpid()
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return err
	}
	if err := empty(c.Dir); err != nil {
		return err
	}
	if c.who, err = process.Nobody(); err != nil {
		return err
	}
	for _, need := range []struct{ program, pkg string }{{"patroni", "patroni"}, {"prometheus-postgres-exporter", "prometheus-postgres-exporter"}} {
		if err := install(ctx, need.program, need.pkg); err != nil && need.program == "patroni" {
			return err
		}
	}
	say("etcd")
	if err := servers.Get(ctx, servers.PostgreSQL, servers.Options{}); err != nil {
		return err
	}
	if err := c.server(ctx, servers.Etcd, servers.Options{}); err != nil {
		return err
	}
	c.Etcd = c.other[0].Addr("http")
	if err := c.nodes(ctx, say); err != nil {
		return err
	}
	if err := c.watchers(ctx, say); err != nil {
		return err
	}
	return c.save()
}

// server starts one of the servers beside the nodes.
func (c *Cluster) server(ctx context.Context, k servers.Kind, o servers.Options) error {
	o.Dir = filepath.Join(c.Dir, string(k))
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // another user runs in it
		return err
	}
	s, err := servers.Run(ctx, k, o)
	if err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	c.other = append(c.other, s)
	return nil
}

// nodes starts Patroni on each node; the first becomes the leader.
func (c *Cluster) nodes(ctx context.Context, say func(string)) error {
	ports, err := free(3 * Nodes)
	if err != nil {
		return err
	}
	exporter, _ := exec.LookPath("prometheus-postgres-exporter")
	for i := range c.Node {
		c.Node[i] = Node{Name: fmt.Sprintf("pg-%d", i+1), SQL: ports[3*i], REST: ports[3*i+1]}
		if exporter != "" {
			c.Node[i].Exporter = ports[3*i+2]
		}
	}
	for i := range c.Node {
		say(c.Node[i].Name)
		if err := c.node(i); err != nil {
			return err
		}
		if i == 0 { // or two would race for the first initdb
			if err := c.settled(ctx, 1); err != nil {
				return err
			}
		}
	}
	if err := c.settled(ctx, Nodes); err != nil {
		return err
	}
	if exporter == "" {
		return nil
	}
	var queries []string
	if _, err := os.Stat(exampleQueries); err == nil {
		queries = []string{"--extend.query-path=" + exampleQueries}
	}
	for _, n := range c.Node {
		p, err := process.Begin(process.Command{
			Name: "exporter-" + n.Name, Path: exporter, Args: append([]string{"--web.listen-address=" + n.Exporter}, queries...),
			Env: []string{"DATA_SOURCE_NAME=postgresql://postgres@" + n.SQL + "/postgres?sslmode=disable"}, As: c.who,
		}, c.Dir)
		if err != nil {
			return err
		}
		c.procs = append(c.procs, p)
	}
	return nil
}

// exampleQueries come with the exporter's package, and are what people start
// from: without them it tells nothing of lag.
const exampleQueries = "/usr/share/doc/prometheus-postgres-exporter/examples/queries.yaml"

// node starts Patroni on one node.
func (c *Cluster) node(i int) error {
	n := &c.Node[i]
	home := filepath.Join(c.Dir, n.Name)
	if err := os.MkdirAll(home, 0o755); err != nil { //nolint:gosec // another user runs in it
		return err
	}
	if err := os.WriteFile(filepath.Join(home, "patroni.yml"), c.patroni(n), 0o644); err != nil { //nolint:gosec // holds no secret
		return err
	}
	if err := process.Give(home, c.who); err != nil {
		return err
	}
	program, err := exec.LookPath("patroni")
	if err != nil {
		return err
	}
	p, err := process.Begin(process.Command{
		Name: n.Name, Path: program, Args: []string{filepath.Join(home, "patroni.yml")}, Home: home, As: c.who,
		Env: []string{"PYTHONUNBUFFERED=1"}, Orphan: syscall.SIGTERM, // it ends PostgreSQL then
	}, c.Dir)
	if err != nil {
		return err
	}
	n.Patroni = p.PID
	c.procs = append(c.procs, p)
	return nil
}

// settled waits until so many members run, one of them the leader.
func (c *Cluster) settled(ctx context.Context, want int) error {
	return poll(ctx, 2*time.Minute, fmt.Sprintf("%d members to run", want), func(ctx context.Context) bool {
		all, err := c.Members(ctx)
		if err != nil {
			return false
		}
		run, leads := 0, 0
		for _, m := range all {
			if m.Runs() {
				run++
			}
			if m.Role == "leader" && m.State == "running" {
				leads++
			}
		}
		return run == want && leads == 1
	})
}

// Member is a node as Patroni sees it.
type Member struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	State string `json:"state"`
}

// Runs reports whether PostgreSQL runs.
func (m Member) Runs() bool { return m.State == "running" || m.State == "streaming" }

// Members asks the nodes one after the other who takes part.
func (p *Plan) Members(ctx context.Context) ([]Member, error) {
	var all []error
	for _, n := range p.Node {
		var out struct{ Members []Member }
		err := getJSON(ctx, "http://"+n.REST+"/cluster", &out)
		if err == nil {
			return out.Members, nil
		}
		all = append(all, err)
	}
	return nil, errors.Join(all...)
}

// Leader is the node that takes writes.
func (p *Plan) Leader(ctx context.Context) (*Node, error) { return p.first(ctx, true) }

// Standby is a node that follows.
func (p *Plan) Standby(ctx context.Context) (*Node, error) { return p.first(ctx, false) }

func (p *Plan) first(ctx context.Context, leads bool) (*Node, error) {
	all, err := p.Members(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if (m.Role == "leader") != leads || !m.Runs() {
			continue
		}
		for i := range p.Node {
			if p.Node[i].Name == m.Name {
				return &p.Node[i], nil
			}
		}
	}
	return nil, errors.New("no such node runs")
}
