// Package cluster runs a real Apache IoTDB cluster on one machine for tests and
// measurements: three ConfigNodes and three DataNodes, each a process of its own
// on its own loopback address and ports, a Prometheus that scrapes them and, if
// it is installed, an Alertmanager that tells a webhook of nodes that are down.
//
// The processes outlive the program that started them. Each carries the folder
// of its lab in its environment: by that it is found again and ended, whatever
// became of the program, and never by a process ID that another may have by now.
// It needs Linux, Java 17, and Maven the first time.
package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"triagent/internal/errs"
)

// Plan is what a lab is made of. Only Dir is needed.
type Plan struct {
	Dir         string        `json:"dir"`         // everything is below it; absolute after fill
	Net         string        `json:"net"`         // first three parts of the addresses; empty: 127.0.0
	Port        int           `json:"port"`        // first of 300 ports; 0: 20000
	ConfigNodes int           `json:"config"`      // 0: 3
	DataNodes   int           `json:"data"`        // 0: 3
	Scrape      time.Duration `json:"scrape"`      // of Prometheus; 0: 5 s
	Webhook     string        `json:"webhook"`     // that Alertmanager posts to; empty: no Alertmanager
	TokenFile   string        `json:"token_file"`  // of the token that it shows there; empty: none
	DataHeap    string        `json:"data_heap"`   // of a DataNode; empty: 640m
	ConfigHeap  string        `json:"config_heap"` // of a ConfigNode; empty: 160m
}

// planFile holds the plan and marks a folder as a lab.
const planFile = "lab.json"

func (p *Plan) fill() error {
	if p.Dir == "" {
		return errs.New(errs.Invalid, "the lab needs a folder")
	}
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return err
	}
	p.Dir = dir
	or(&p.Net, "127.0.0")
	or(&p.Port, 20000)
	or(&p.ConfigNodes, 3)
	or(&p.DataNodes, 3)
	or(&p.Scrape, 5*time.Second)
	or(&p.DataHeap, "640m")
	or(&p.ConfigHeap, "160m")
	switch {
	case net.ParseIP(p.Net+".1") == nil:
		return errs.New(errs.Invalid, "net %q: three numbers are wanted, as 127.0.0", p.Net)
	case p.ConfigNodes < 1 || p.DataNodes < 1 || p.ConfigNodes+p.DataNodes > 9:
		return errs.New(errs.Invalid, "%d ConfigNodes and %d DataNodes: 1 or more of each, 9 together", p.ConfigNodes, p.DataNodes)
	case p.Port < 1024 || p.Port > 65000:
		return errs.New(errs.Invalid, "port %d: it is 1024 to 65000", p.Port)
	}
	return nil
}

func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Node is one process of IoTDB. Its name has the ID that the cluster gives it.
type Node struct {
	Name string // "confignode-0", "datanode-3"
	ID   int
	Data bool // a DataNode
	Addr string
	Dir  string
	base int
}

// port is one of the node's 20 ports. A ConfigNode has the first three.
func (n *Node) port(k int) int { return n.base + k }

// Internal is the port that the other nodes call.
func (n *Node) Internal() int { return n.port(0) }

// Metrics is the port that Prometheus scrapes.
func (n *Node) Metrics() int { return n.port(1) }

// Consensus is the port of Ratis on a ConfigNode.
func (n *Node) Consensus() int { return n.port(2) }

// RPC is the port of clients of a DataNode.
func (n *Node) RPC() int { return n.port(3) }

// REST is the port of the REST service of a DataNode.
func (n *Node) REST() int { return n.port(4) }

// Exchange is the port by which DataNodes hand intermediate results on.
func (n *Node) Exchange() int { return n.port(5) }

// SchemaConsensus is the port of Ratis for schema regions.
func (n *Node) SchemaConsensus() int { return n.port(6) }

// DataConsensus is the port of IoTConsensus for data regions.
func (n *Node) DataConsensus() int { return n.port(7) }

// At is the node's address with a port.
func (n *Node) At(port int) string { return net.JoinHostPort(n.Addr, strconv.Itoa(port)) }

// Nodes returns the nodes in the order in which they start.
func (p *Plan) Nodes() []Node {
	out := make([]Node, p.ConfigNodes+p.DataNodes)
	for i := range out {
		n := &out[i]
		n.ID, n.Data = i, i >= p.ConfigNodes
		n.Name = fmt.Sprintf("confignode-%d", i)
		if n.Data {
			n.Name = fmt.Sprintf("datanode-%d", i)
		}
		n.Addr = fmt.Sprintf("%s.%d", p.Net, 10+i)
		n.Dir = filepath.Join(p.Dir, n.Name)
		n.base = p.Port + 20*i
	}
	return out
}

// Node returns the node of that name.
func (p *Plan) Node(name string) (Node, error) {
	var all []string
	for _, n := range p.Nodes() {
		if n.Name == name {
			return n, nil
		}
		all = append(all, n.Name)
	}
	return Node{}, errs.New(errs.NotFound, "no node %q: there are %v", name, all)
}

// Prometheus is where Prometheus listens.
func (p *Plan) Prometheus() string { return net.JoinHostPort(p.Net+".1", strconv.Itoa(p.Port+200)) }

// Alertmanager is where Alertmanager listens.
func (p *Plan) Alertmanager() string { return net.JoinHostPort(p.Net+".1", strconv.Itoa(p.Port+201)) }

// REST returns the addresses of the REST services, as URLs.
func (p *Plan) REST() []string {
	var out []string
	for _, n := range p.Nodes() {
		if n.Data {
			out = append(out, "http://"+n.At(n.REST()))
		}
	}
	return out
}

// Open reads the plan of the lab in a folder.
func Open(dir string) (*Plan, error) {
	b, err := os.ReadFile(filepath.Join(dir, planFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, &errs.Error{Kind: errs.NotFound, Err: fmt.Errorf("no lab is in %s", dir), Remedy: "start one with up"}
	}
	if err != nil {
		return nil, err
	}
	var p Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, File: filepath.Join(dir, planFile), Err: err}
	}
	p.Dir = dir
	return &p, p.fill()
}

// save makes the folder a lab, if it is one already or empty.
func (p *Plan) save() error {
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(p.Dir, planFile)
	if _, err := os.Stat(file); err != nil {
		if list, _ := os.ReadDir(p.Dir); len(list) > 0 {
			return &errs.Error{Kind: errs.Invalid, Err: fmt.Errorf("%s holds something else", p.Dir), Remedy: "name an empty or a new folder"}
		}
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o600)
}
