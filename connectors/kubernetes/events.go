package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

// changing are reasons of events that are changes, by kind. All others are
// lines.
var changing = map[string]string{
	"Killing": "restart", "Rebooted": "restart", "SandboxChanged": "restart", "Shutdown": "restart",
	"BackOff": "status", "Evicted": "status", "Preempted": "status", "TaintManagerEviction": "status", "FailedScheduling": "status",
	"OOMKilling": "status", "SystemOOM": "status", "NodeNotReady": "status", "NodeNotSchedulable": "status", "NodeHasDiskPressure": "status",
	"NodeHasInsufficientMemory": "status", "NodeHasInsufficientPID": "status", "EvictionThresholdMet": "status",
	"ScalingReplicaSet": "deployment", "SuccessfulRescale": "deployment", "SuccessfulCreate": "deployment", "SuccessfulDelete": "deployment",
	"DeploymentRollback": "deployment",
}

// kept is how long the API keeps events unless it is told otherwise.
const kept = time.Hour

// events hands over the events of the span.
func (g *gathering) events(ctx context.Context) error {
	var oldest time.Time
	for _, path := range g.s.scopes("/api/v1", "events") {
		q := query(path, nil)
		err := each(ctx, g.s, path, nil, false, func(e *event) error {
			if first, _, _ := e.span(); oldest.IsZero() || first.Before(oldest) {
				oldest = first
			}
			return g.event(e, q)
		})
		switch {
		case err == nil:
		case partly(ctx, err):
			if err := g.missing("events of "+place(path), err); err != nil {
				return err
			}
		default:
			return err
		}
	}
	if from := g.ask.Span.From; !oldest.IsZero() && oldest.After(from) && time.Since(from) > kept {
		return g.to.Missing(incident.Missing{
			What: fmt.Sprintf("events before %s", oldest.UTC().Format(time.RFC3339)),
			Why:  "the API has none that are older: it keeps them for an hour unless --event-ttl says otherwise",
		})
	}
	return nil
}

// event hands one event over, if it is about what is asked for.
func (g *gathering) event(e *event, query string) error {
	first, last, count := e.span()
	if !(incident.Window{From: first, To: last.Add(1)}).Overlaps(g.ask.Span) {
		return nil
	}
	at := first
	if !g.inside(at) {
		at = last
	}
	if !g.inside(at) { // it went on all the time
		at = g.ask.Span.From
	}
	text := because(e.Reason, e.Message)
	if count > 1 {
		text += fmt.Sprintf(" (%d times, %s to %s)", count, first.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339))
	}
	nodes, about := g.about(e)
	kind := changing[e.Reason]
	if kind == "" && len(nodes) == 1 && nodes[0] != "" {
		return g.line(connectors.Line{
			Node: nodes[0], Time: at.UnixNano(), Level: level(e.Type), Body: []byte(text), Query: query,
			Attributes: map[string]string{"reason": clean(e.Reason, 200), "component": clean(e.component(), 200)},
		})
	}
	if kind == "" {
		kind = "status"
		if e.Type != "Warning" {
			return nil // of a machine or a workload, and ordinary: its pods say the same
		}
	}
	for _, n := range nodes {
		if err := g.change(n, kind, at, query, "%s%s", about, text); err != nil {
			return err
		}
	}
	return nil
}

func (e *event) component() string {
	if e.Source.Component != "" {
		return e.Source.Component
	}
	return e.Controller
}

func level(kind string) telemetry.Level {
	if kind == "Warning" {
		return telemetry.Warn
	}
	return telemetry.Info
}

// about says which nodes an event is about, and in what words where it is not
// about a pod. None: it is about nothing that is asked for; "": the system.
func (g *gathering) about(e *event) (nodes []string, what string) {
	switch e.Object.Kind {
	case "Pod":
		return g.aboutPod(e), ""
	case "Node":
		for _, p := range g.pods {
			if p.Spec.NodeName == e.Object.Name && e.Object.Name != "" {
				nodes = append(nodes, p.node.Names[0])
			}
		}
		return nodes, "machine " + clean(e.Object.Name, 253) + ": "
	}
	if g.s.c.Labels != "" && !g.owns(e.Object.Namespace, e.Object.Name) {
		return nil, ""
	}
	return []string{""}, clean(e.Object.Kind, 63) + " " + clean(e.Object.Namespace, 63) + "/" + clean(e.Object.Name, 253) + ": "
}

// aboutPod names the pod of an event. One that is gone is of interest where it
// came of the same template as one that is, or where all pods are.
func (g *gathering) aboutPod(e *event) []string {
	if p := g.by[e.Object.Namespace+"/"+e.Object.Name]; p != nil {
		if g.of[p] {
			return []string{p.node.Names[0]}
		}
		return nil
	}
	name := clean(e.Object.Name, 253)
	if name == "" {
		return nil
	}
	if g.s.c.Labels == "" && len(g.pods) == len(g.all) {
		return []string{name}
	}
	for _, p := range g.pods {
		if gen := p.Metadata.GenerateName; gen != "" && p.Metadata.Namespace == e.Object.Namespace && strings.HasPrefix(name, gen) {
			return []string{name}
		}
	}
	return nil
}

// owns reports whether a workload has a pod of interest.
func (g *gathering) owns(ns, name string) bool {
	for _, p := range g.pods {
		if p.Metadata.Namespace == ns && name != "" && strings.HasPrefix(p.Metadata.Name, name+"-") {
			return true
		}
	}
	return false
}
