package brief

import (
	"context"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// Lines reads the logs of a bundle and folds them to templates by node, most
// telling first, with what their counts say against the baseline. A record
// without a time counts at that of the one before it in its file. Errors are
// those of reading.
func Lines(ctx context.Context, b *telemetry.Bundle, in *incident.Incident) ([]compress.Line, error) {
	f := compress.NewFolder(compress.NewMiner(compress.Config{}), in.Window, in.Baseline)
	var node incident.NodeID
	var last int64
	err := b.Logs(ctx, nil, func(r *telemetry.Record) error {
		if r.Node != node {
			node, last = r.Node, 0
		}
		if r.Time == 0 {
			r.Time = last
		}
		last = max(last, r.Time)
		if r.Time == 0 {
			return nil
		}
		if r.Level == telemetry.NoLevel {
			r.Level = telemetry.ParseHead(r.Body).Level
		}
		f.Add(r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	lines, _ := f.Lines(compress.ChangeConfig{})
	return lines, nil
}
