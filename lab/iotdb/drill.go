package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"triagent/lab/drill"
	"triagent/lab/iotdb/cluster"
)

// drillFlags are the flags of the command.
type drillFlags struct {
	drill.Flags
	Node string  `default:"datanode-4" help:"Node that is killed."`
	Rate float64 `default:"60" help:"Requests a second of the load."`
	Net  string  `default:"127.0.0" help:"First three numbers of the loopback addresses."`
	Port int     `default:"20000" help:"First of 300 ports."`
}

// plant is the cluster, of which a node is killed.
type plant struct {
	f *drillFlags
	p *cluster.Plan
}

var _ drill.Lab = (*plant)(nil)

func practise(ctx context.Context, dir string, f *drillFlags) error {
	return drill.Practise(ctx, dir, &f.Flags, &plant{f: f})
}

// Up starts the cluster.
func (l *plant) Up(ctx context.Context, dir string, svc *drill.Service, say func(string)) error {
	l.p = &cluster.Plan{Dir: dir, Net: l.f.Net, Port: l.f.Port, Webhook: svc.Hook(), TokenFile: svc.TokenFile()}
	return l.p.Up(ctx, false, say)
}

// System declares the cluster.
func (l *plant) System() string {
	return fmt.Sprintf(`  - name: plant
    kind: iotdb
    sources:
      - {kind: iotdb, urls: ['%s'], user: root, password: root}
      - {kind: prometheus, url: 'http://%s'}
      - {kind: files, paths: ['%s/*/logs/*.log'], node: '/lab/([^/]+)/logs/'}
`, strings.Join(l.p.REST(), "', '"), l.p.Prometheus(), l.p.Dir)
}

// Work writes and reads.
func (l *plant) Work(ctx context.Context) { l.p.Run(ctx, cluster.Load{Rate: l.f.Rate}) }

// Strike kills the node.
func (l *plant) Strike(ctx context.Context, _ *errgroup.Group) (drill.Fault, error) {
	return drill.Fault{Did: "kill -9 of " + l.f.Node, Node: l.f.Node, Kind: "node_down"}, l.p.Kill(ctx, l.f.Node)
}

// Down ends the cluster.
func (l *plant) Down(ctx context.Context) error { return l.p.Down(ctx) }
