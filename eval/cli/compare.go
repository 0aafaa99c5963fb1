package cli

import (
	"context"

	"triagent/eval"
	"triagent/eval/show"
)

// CompareCmd is "triagent eval compare".
type CompareCmd struct {
	Before string `arg:"" help:"JSON file of the earlier run." type:"path"`
	After  string `arg:"" help:"JSON file of the later run." type:"path"`
	Seed   uint64 `help:"Seed of the intervals." default:"1"`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (c *CompareCmd) Run(_ context.Context, e *Env) error {
	before, err := eval.ReadReport(c.Before)
	if err != nil {
		return err
	}
	after, err := eval.ReadReport(c.After)
	if err != nil {
		return err
	}
	cmp, err := eval.Compare(before, after, c.Seed)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(e.Stdout, cmp)
	}
	return show.Compare(e.Stdout, cmp)
}
