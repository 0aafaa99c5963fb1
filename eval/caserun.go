package eval

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triagent/eval/importer"
	"triagent/eval/naive"
	"triagent/eval/perturb"
	"triagent/eval/score"
	"triagent/incident"
	"triagent/telemetry"
)

// mostProblems is how many unsound claims a row keeps.
const mostProblems = 5

// truths are those of the cases of a set, in their order.
type truths struct {
	of         []telemetry.Truth
	anyHealthy bool
}

func readTruths(ctx context.Context, m *importer.Manifest, entries []importer.Entry) (*truths, error) {
	out := &truths{}
	for _, e := range entries {
		t, err := telemetry.ReadTruth(ctx, filepath.Join(m.Dir, filepath.FromSlash(e.Path)))
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", e.ID, err)
		}
		out.of = append(out.of, *t)
		out.anyHealthy = out.anyHealthy || t.Healthy
	}
	return out, nil
}

// caseRun is one case of a set being run, in all its variants.
type caseRun struct {
	*runner
	set   *importer.Manifest
	entry importer.Entry
	truth telemetry.Truth
	mem   *memory
	draw  bool // cut a healthy window out of its baseline
	// parsed is how many log records have a time and a level; counted where the set
	// says how many there are.
	parsed int
}

// answers are the rows of one variant: one a trial, and one a naive ranker (nil
// where it had nothing to go by).
type answers struct {
	rows   []*score.Row
	beside []*score.Row
}

// result is what came of a case.
type result struct {
	healthy            bool
	exact, late, drawn answers
	lateness           lateness
	perturbed          []answers // by perturbation of the run
	idle               []bool    // a perturbation found nothing to change
}

func (k *caseRun) run(ctx context.Context) (*result, error) {
	res := &result{healthy: k.truth.Healthy}
	b, err := telemetry.Open(ctx, filepath.Join(k.set.Dir, filepath.FromSlash(k.entry.Path)), telemetry.Limits{})
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for range k.Trials { // a bundle that cannot be read: skipped is failed
			res.exact.rows = append(res.exact.rows, k.row(incident.Incident{}, k.truth, false, err))
		}
		res.lateness = noOnset
		return res, nil
	}
	if k.entry.Records > 0 {
		if k.parsed, err = parsed(ctx, b); err != nil {
			return nil, err
		}
	}
	told := b.Incident
	if k.Window == WindowGiven {
		told = given(told, k.truth)
	}
	if res.exact, err = k.variant(ctx, b, variant{how: "exact", in: told, truth: k.truth, drawn: k.entry.Drawn}); err != nil {
		return nil, err
	}
	if err := k.perturb(ctx, b, told, res); err != nil {
		return nil, err
	}
	if k.draw {
		if in, ok := draw(told); ok {
			calm := telemetry.Truth{Healthy: true, Split: k.truth.Split}
			if res.drawn, err = k.variant(ctx, b, variant{how: "drawn", in: in, truth: calm, drawn: true, leave: noAlerts}); err != nil {
				return nil, err
			}
		}
	}
	if k.Late == 0 {
		return res, nil
	}
	var in incident.Incident
	if in, res.lateness = late(told, k.truth, k.Late); res.lateness != isLate {
		return res, nil
	}
	if k.truth.Healthy {
		res.late = res.exact // nothing moved
		return res, nil
	}
	res.late, err = k.variant(ctx, b, variant{how: "late", in: in, truth: k.truth, unchecked: true})
	return res, err
}

// parsed counts the log records of a bundle of which time and level were read.
func parsed(ctx context.Context, b *telemetry.Bundle) (n int, err error) {
	err = b.Logs(ctx, nil, func(r *telemetry.Record) error {
		if r.Time != 0 && r.Level != telemetry.NoLevel {
			n++
		}
		return nil
	})
	return n, err
}

// noAlerts leaves out the alerts of a bundle: they are those of the fault.
var noAlerts = []string{"alerts"}

// variant is one way to run a case.
type variant struct {
	how       string // names it
	in        incident.Incident
	truth     telemetry.Truth
	drawn     bool
	leave     []string
	change    *perturb.Change
	unchecked bool // the same claims once more would cost more than they tell
	alone     bool // no naive rankers beside it
}

// variant stages the case as v says, asks the engine as often as there are
// trials, and the naive rankers once.
func (k *caseRun) variant(ctx context.Context, b *telemetry.Bundle, v variant) (answers, error) {
	var out answers
	dir := filepath.Join(k.work, k.set.Name, v.how, neutral(k.Seed, k.set.Name, k.entry.ID, v.how))
	defer func() { _ = os.RemoveAll(dir) }()
	n := newNames(b, k.Rename, k.Seed)
	if err := stage(ctx, b, view{in: v.in, names: n, change: v.change, leave: v.leave}, dir); err != nil {
		return out, err
	}
	engine, err := k.mem.engine(ctx, k.entry, v.in)
	if err != nil {
		return out, err
	}
	nodes, services := len(naive.Nodes(b)), len(naive.Services(b))
	check := k.Check
	if v.unchecked {
		check = nil
	}
	for range k.Trials {
		row, err := k.ask(ctx, engine, check, dir, v.in, v.truth, v.drawn, n)
		if err != nil {
			return out, err
		}
		row.Nodes, row.Services = nodes, services
		out.rows = append(out.rows, row)
	}
	if v.alone {
		return out, nil
	}
	out.beside = k.naive(b, v.in, v.truth)
	for _, row := range out.beside {
		if row != nil {
			row.Nodes, row.Services = nodes, services
		}
	}
	return out, nil
}

// ask gets one answer, and has its claims checked unless check is nil. Only the
// end of ctx is an error.
func (k *caseRun) ask(ctx context.Context, engine Diagnoser, check Checker, dir string, in incident.Incident, t telemetry.Truth, drawn bool, n *names) (*score.Row, error) {
	start := time.Now()
	d, err := engine.Diagnose(ctx, dir)
	wall := time.Since(start)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	row := k.row(in, t, drawn, err)
	row.WallMS = float64(wall.Microseconds()) / 1e3
	if err != nil {
		return row, nil
	}
	if check != nil {
		c, err := check(ctx, dir, d)
		if err != nil { // what cannot be looked up is not sound
			c = Checked{Claims: 1, Problems: []string{err.Error()}}
		}
		row.Claims, row.Sound, row.Problems = c.Claims, c.Sound, c.Problems[:min(len(c.Problems), mostProblems)]
	}
	n.restore(&d)
	row.Fill(d)
	row.SetRoles(d, k.entry.Roles)
	row.Records, row.Parsed = k.entry.Records, k.parsed
	if k.Window != WindowGiven {
		row.SetIoU(d, t)
		row.SetOnset(d, t)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.engine = EngineID{Name: d.Engine.Name, Version: d.Engine.Version, Model: d.Engine.Model}
	return row, nil
}

func (k *caseRun) row(in incident.Incident, t telemetry.Truth, drawn bool, err error) *score.Row {
	id := k.entry.ID
	if drawn && !k.entry.Drawn {
		id += "/before"
	}
	row := &score.Row{Case: id, Split: k.entry.Split, Drawn: drawn, Bundled: bundled(k.Bundled, k.entry.ID), Hours: in.Window.Duration().Hours()}
	row.SetTruth(t)
	if err != nil {
		row.Error = err.Error()
		if k.Window != WindowGiven {
			row.SetIoU(incident.Diagnosis{}, t)
		}
	}
	return row
}

// bundled reports whether a case is one of those that come with the program. The
// id of a case is its path in the set, and may be that of an archive.
func bundled(ids []string, id string) bool {
	name, _, _ := strings.Cut(path.Base(id), ".")
	return slices.Contains(ids, name)
}

// naive asks the rankers. Scores are lifted by one: a probability of 0 would
// mean that there is none.
func (k *caseRun) naive(b *telemetry.Bundle, in incident.Incident, t telemetry.Truth) []*score.Row {
	var out []*score.Row
	for _, ranker := range naive.Rankers() {
		list, ok := ranker.Rank(b, in, k.Seed)
		if !ok {
			out = append(out, nil)
			continue
		}
		row := &score.Row{Case: k.entry.ID, Split: k.entry.Split}
		row.SetTruth(t)
		for _, s := range list {
			node, _ := b.Topology.Node(incident.NodeID(s.Name))
			row.Causes = append(row.Causes, score.Cause{Node: incident.NodeID(s.Name), Service: node.Service, Probability: 1 + s.Score})
		}
		out = append(out, row)
	}
	return out
}
