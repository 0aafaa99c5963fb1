package cli

import (
	"context"
	"fmt"

	"triagent/eval/loghub"
)

// LoghubCmd is "triagent eval loghub".
type LoghubCmd struct {
	Dir string `arg:"" optional:"" default:"datasets/loghub2k" help:"Folder of Loghub-2k: one folder a system, with corrected labels." type:"path"`
}

// Run mines the templates of every system and scores them against the labels.
func (c *LoghubCmd) Run(ctx context.Context, e *Env) error {
	report, err := loghub.Run(ctx, c.Dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(e.Stdout, report.String())
	return err
}
