package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// maxChanges is how many changes are handed over; what follows is counted.
const maxChanges = 20_000

// gathering is one Collect.
type gathering struct {
	s    *Source
	ask  connectors.Ask
	to   connectors.Sink
	all  []found
	pods []*found // of interest
	of   map[*found]bool
	by   map[string]*found // all, by namespace/name

	lines, changes       int64 // handed over
	linesCut, changesCut int64
}

// Collect hands over what the pods went through, as changes, and the events of
// the API: those that say that something was restarted, moved or rolled out are
// changes, the others are lines of the node's log.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	pods, f, err := s.pods(ctx)
	if err != nil {
		return err
	}
	g := &gathering{s: s, ask: ask, to: to, all: pods, by: map[string]*found{}, of: map[*found]bool{}}
	for i := range pods {
		f.Nodes = append(f.Nodes, pods[i].node)
		g.by[key(&pods[i].Metadata)] = &pods[i]
	}
	if err := to.Found(f); err != nil {
		return err
	}
	g.choose()
	for _, p := range g.pods {
		if err := g.pod(p); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{g.machines, g.events, g.rollouts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return g.end()
}

func key(m *meta) string { return m.Namespace + "/" + m.Name }

// choose picks the pods that are asked for; all, if none of them is one that is
// asked for: other sources may name nodes in ways that the API does not know.
func (g *gathering) choose() {
	wanted := map[string]bool{}
	for _, n := range g.ask.Nodes {
		for _, name := range n.Names {
			wanted[name] = true
		}
	}
	for i := range g.all {
		p := &g.all[i]
		if slices.ContainsFunc(p.node.Names, func(n string) bool { return wanted[n] }) {
			g.pods, g.of[p] = append(g.pods, p), true
		}
	}
	if len(g.pods) == 0 {
		for i := range g.all {
			p := &g.all[i]
			g.pods, g.of[p] = append(g.pods, p), true
		}
	}
}

// inside reports whether a time is one that is asked for.
func (g *gathering) inside(t time.Time) bool { return !t.IsZero() && g.ask.Span.Contains(t) }

// change hands a change over, if it lies in the span.
func (g *gathering) change(node, kind string, at time.Time, query, format string, args ...any) error {
	if !g.inside(at) {
		return nil
	}
	if g.changes == maxChanges {
		g.changesCut++
		return nil
	}
	g.changes++
	return g.to.Change(connectors.Change{Node: node, Kind: kind, Time: at.UnixNano(), Text: clean(fmt.Sprintf(format, args...), 1000), Query: query})
}

// line hands an event over as a line.
func (g *gathering) line(l connectors.Line) error {
	if most := g.ask.Limit.Lines; most > 0 && g.lines >= most {
		g.linesCut++
		return nil
	}
	g.lines++
	return g.to.Line(l)
}

// end tells what was cut, and how the server's clock stands.
func (g *gathering) end() error {
	for _, cut := range []struct {
		what, unit string
		out, rest  int64
	}{{"lines", "lines", g.lines, g.linesCut}, {"changes", "changes", g.changes, g.changesCut}} {
		if cut.rest == 0 {
			continue
		}
		err := g.to.Reduced(incident.Reduction{
			Stage: "kubernetes", In: cut.out + cut.rest, Out: cut.out, Unit: cut.unit, How: "the first that the API gave, up to the bound",
			Rest: "kubectl get events --all-namespaces; or ask for a shorter span, or fewer namespaces",
		})
		if err != nil {
			return err
		}
	}
	c, err := g.s.client()
	if err != nil {
		return err
	}
	if clock, ok := c.Clock(); ok {
		return g.to.Clock(clock)
	}
	return nil
}

// missing tells of a question that went unanswered.
func (g *gathering) missing(what string, err error) error {
	return g.to.Missing(incident.Missing{What: what, Why: err.Error()})
}

// pod hands over what one pod went through, as far as its status remembers it.
func (g *gathering) pod(p *found) error {
	name, q := p.node.Names[0], p.query
	failed := []error{
		g.change(name, "status", p.Status.StartTime, q, "the pod was started on machine %s", clean(p.Spec.NodeName, 253)),
	}
	if d := p.Metadata.DeletionTimestamp; d != nil {
		failed = append(failed, g.change(name, "restart", *d, q, "the pod is being deleted"))
	}
	now := g.since(p)
	for _, c := range p.Status.Conditions {
		if c.Status == "False" && c.Type != "PodReadyToStartContainers" || c.Type == "DisruptionTarget" && c.Status == "True" {
			failed = append(failed, g.change(name, "status", c.LastTransitionTime, q, "%s is %s: %s", c.Type, c.Status, because(c.Reason, c.Message)))
		}
	}
	if p.Status.Reason != "" { // "Evicted", "NodeLost", "Preempting" ...
		failed = append(failed, g.change(name, "status", now.at, q, "the pod is %s: %s%s", p.Status.Phase, because(p.Status.Reason, p.Status.Message), now.note))
	}
	for _, c := range append(p.Status.Init, p.Status.Containers...) {
		failed = append(failed, g.container(name, q, &c, now))
	}
	return errors.Join(failed...)
}

// since is from when on a pod is as it is now: its status does not say it of every
// part, but of whether the whole is ready.
type since struct {
	at   time.Time
	note string // where that was before the span, which then begins with it
}

func (g *gathering) since(p *found) since {
	at := p.Status.StartTime
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" && c.LastTransitionTime.After(at) {
			at = c.LastTransitionTime
		}
	}
	if from := g.ask.Span.From; at.Before(from) && !at.IsZero() {
		return since{from, ", at some time since " + at.UTC().Format(time.RFC3339)}
	}
	return since{at: at}
}

func (g *gathering) container(node, query string, c *container, now since) error {
	what := clean(c.Name, 63)
	var failed []error
	for _, t := range []*terminated{c.LastState.Terminated, c.State.Terminated} {
		if t == nil || t.Reason == "Completed" && c.RestartCount == 0 {
			continue
		}
		failed = append(failed, g.change(node, "restart", t.FinishedAt, query, "container %s ended: %s%s; %d restarts so far", what,
			because(t.Reason, t.Message), code(t), c.RestartCount))
	}
	if r := c.State.Running; r != nil && c.RestartCount > 0 {
		failed = append(failed, g.change(node, "restart", r.StartedAt, query, "container %s started again; %d restarts so far", what, c.RestartCount))
	}
	if w := c.State.Waiting; w != nil {
		failed = append(failed, g.change(node, "status", now.at, query, "container %s waits: %s%s", what, because(w.Reason, w.Message), now.note))
	}
	return errors.Join(failed...)
}

func code(t *terminated) string {
	if t.Signal != 0 {
		return fmt.Sprintf(", signal %d", t.Signal)
	}
	return fmt.Sprintf(", exit code %d", t.ExitCode)
}

func because(reason, message string) string {
	reason, message = clean(reason, 200), clean(message, 600)
	switch {
	case reason == "":
		return cmp.Or(message, "no reason is given")
	case message == "" || strings.EqualFold(reason, message):
		return reason
	}
	return reason + ": " + message
}

// machines tells the pods what became of the machines that they run on.
func (g *gathering) machines(ctx context.Context) error {
	on := map[string][]string{}
	for _, p := range g.pods {
		if p.Spec.NodeName != "" {
			on[p.Spec.NodeName] = append(on[p.Spec.NodeName], p.node.Names[0])
		}
	}
	if len(on) == 0 {
		return nil
	}
	const path = "/api/v1/nodes"
	err := each(ctx, g.s, path, nil, false, func(m *machine) error {
		return g.machine(m, on[m.Metadata.Name], query(path, nil))
	})
	if err != nil && partly(ctx, err) {
		return g.missing("the state of the machines that pods run on", err)
	}
	return err
}

func (g *gathering) machine(m *machine, pods []string, query string) error {
	var failed []error
	for _, c := range m.Status.Conditions {
		good := "False" // of pressure and its like
		if c.Type == "Ready" {
			good = "True"
		}
		if c.Status == good {
			continue
		}
		for _, p := range pods {
			failed = append(failed, g.change(p, "status", c.LastTransitionTime, query, "machine %s: %s is %s: %s", clean(m.Metadata.Name, 253),
				c.Type, c.Status, because(c.Reason, c.Message)))
		}
	}
	return errors.Join(failed...)
}

// rollouts tells of revisions that were made in the span.
func (g *gathering) rollouts(ctx context.Context) error {
	q := url.Values{}
	if g.s.c.Labels != "" {
		q.Set("labelSelector", g.s.c.Labels)
	}
	for _, path := range g.s.scopes("/apis/apps/v1", "replicasets") {
		if err := g.revisions(ctx, path, q, false); err != nil {
			return err
		}
	}
	for _, path := range g.s.scopes("/apis/apps/v1", "controllerrevisions") {
		if err := g.revisions(ctx, path, q, true); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) revisions(ctx context.Context, path string, q url.Values, metaOnly bool) error {
	err := each(ctx, g.s, path, q, metaOnly, func(r *set) error {
		kind, owner := r.Metadata.owner()
		if owner == "" {
			return nil
		}
		text := fmt.Sprintf("%s %s/%s has a new revision, %s", kind, clean(r.Metadata.Namespace, 63), owner, clean(r.Metadata.Name, 253))
		if n := clean(r.Metadata.Annotations["deployment.kubernetes.io/revision"], 20); n != "" {
			text += ", number " + n
		}
		for i, c := range r.Spec.Template.Spec.Containers {
			if i < 8 && c.Image != "" {
				text += ", image " + clean(c.Image, 200)
			}
		}
		return g.change("", "deployment", r.Metadata.CreationTimestamp, query(path, q), "%s", text)
	})
	if err != nil && partly(ctx, err) {
		return g.missing("rollouts in "+place(path), err)
	}
	return err
}
