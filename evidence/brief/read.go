package brief

import (
	"cmp"
	"context"
	"math"
	"slices"

	"triagent/compress"
	"triagent/evidence"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// More is what the raw data of a bundle hold beside the evidence.
type More struct {
	Series []Series        // metrics that moved, by node and column
	Lines  []compress.Line // log templates by node, most telling first
}

// Series is a metric that moved.
type Series struct {
	Node   incident.NodeID
	Name   string // the column
	Unit   string
	Change evidence.Change
}

// Read reads the metrics and logs of a bundle once more for what no evidence
// speaks of: an agent takes one metric of each meaning and a bounded number of
// templates, a reader may need another. The time of d is examined, in what base
// knows of units. Errors are those of reading.
func Read(ctx context.Context, b *telemetry.Bundle, d *incident.Diagnosis, base *knowledge.Base) (More, error) {
	in := d.Incident
	in.Window, _ = window(d)
	lines, err := readLines(ctx, b, &in)
	if err != nil {
		return More{}, err
	}
	return More{Series: series(b, &in, base), Lines: lines}, nil
}

func series(b *telemetry.Bundle, in *incident.Incident, base *knowledge.Base) []Series {
	frame := evidence.Frame{Window: in.Window}
	if frame.Window.IsZero() {
		return nil
	}
	if !in.Baseline.IsZero() {
		frame.Baseline = []incident.Window{in.Baseline}
	}
	var scorer evidence.Scorer
	var out []Series
	for i := range b.Tables {
		t := &b.Tables[i]
		node, _ := b.Topology.Node(t.Node)
		for k := range t.Columns {
			col := &t.Columns[k]
			m, _ := base.Metric(in.System, node.Service, col.Name)
			info, _ := base.Signal(m.Signal)
			c := scorer.Change(t.Times, col.Values, frame, evidence.Meaning{
				Bad: info.Bad, Unit: m.Unit, Limit: m.Scale, Log: m.Log, Counter: m.Counter,
			})
			if math.Abs(c.Score) < evidence.Noticed {
				continue
			}
			unit := m.Unit
			if m.Counter {
				unit = evidence.PerSecond(unit)
			}
			out = append(out, Series{Node: t.Node, Name: col.Name, Unit: unit, Change: c})
		}
	}
	slices.SortFunc(out, func(a, b Series) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name)) })
	return out
}

// readLines folds the records of a bundle to templates. A record without a time
// counts at that of the one before it in its file.
func readLines(ctx context.Context, b *telemetry.Bundle, in *incident.Incident) ([]compress.Line, error) {
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
