package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"triagent/api"
	"triagent/demo"
	"triagent/eval"
	evalcli "triagent/eval/cli"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// evaluator scores the engine on the bundled incidents, or on those that users
// of the service have kept as cases.
type evaluator struct {
	knowledge []string // folders of the user's
}

var _ api.Evaluator = evaluator{}

// Run evaluates a set, "demo" or "cases", and returns the report of eval.
func (e evaluator) Run(ctx context.Context, set string, cases []api.Case, progress func(done, total int)) (json.RawMessage, error) {
	dir, err := os.MkdirTemp("", "triagent-eval-")
	if err != nil {
		return nil, fmt.Errorf("make room for an evaluation: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	folder := filepath.Join(dir, set)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make room for an evaluation: %w", err)
	}
	switch set {
	case "demo":
		err = demo.ExtractSolved(folder)
	case "cases":
		err = stage(ctx, folder, cases)
	default:
		err = errs.New(errs.Invalid, "set %q is neither demo nor cases", set)
	}
	if err != nil {
		return nil, err
	}
	report, err := eval.Run(ctx, eval.Config{
		Sets: []string{folder}, Open: evalcli.Open, Check: eval.CheckEvidence, Bundled: demo.IDs(),
		Options: eval.Options{Knowledge: e.knowledge}, Jobs: 1, Seed: 1, Version: version, Temp: dir,
		Progress: func(p eval.Progress) { progress(p.Done, p.Total) },
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(report)
}

// stage writes the cases as bundles with their answers.
func stage(ctx context.Context, dir string, cases []api.Case) error {
	if len(cases) == 0 {
		return errs.New(errs.Invalid, "no incident is kept as a case yet: open one whose cause is known and make it a test case")
	}
	for _, c := range cases {
		b, err := telemetry.Open(ctx, c.Path, telemetry.Limits{})
		if err != nil {
			return fmt.Errorf("case %s: %w", c.ID, err)
		}
		b.Incident.ID = incident.ID(c.ID)
		truth, err := truthOf(b, c.Truth)
		if err != nil {
			return fmt.Errorf("case %s: %w", c.ID, err)
		}
		if err := telemetry.Copy(ctx, filepath.Join(dir, c.ID), b, truth); err != nil {
			return fmt.Errorf("case %s: %w", c.ID, err)
		}
	}
	return nil
}

// truthOf reads what a person said the cause was.
func truthOf(b *telemetry.Bundle, text []byte) (*telemetry.Truth, error) {
	var said struct {
		Node    string `json:"node"`
		Fault   string `json:"fault"`
		Healthy bool   `json:"healthy"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&said); err != nil {
		return nil, &errs.Error{Op: "read what the cause was", Kind: errs.Invalid, Err: err}
	}
	if said.Healthy {
		return &telemetry.Truth{Healthy: true}, nil
	}
	cause := telemetry.TrueCause{Node: incident.NodeID(said.Node), Fault: incident.Fault(said.Fault), Window: b.Incident.Window}
	if n, ok := b.Topology.Node(cause.Node); ok {
		cause.Service = n.Service
	}
	return &telemetry.Truth{Causes: []telemetry.TrueCause{cause}}, nil
}
