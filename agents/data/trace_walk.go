package data

import (
	"context"

	"triagent/agents"
	"triagent/telemetry"
)

// spanWalk is the one walk over the spans of a diagnosis. It is not safe for
// concurrent use.
type spanWalk struct {
	model     *model
	assembler *assembler
	told      bool // of all spans
}

// begin makes ready for the spans. Whether log records belong to them has to be
// known when the first trace is whole, which most often is after the last span.
func (w *spanWalk) begin(ctx context.Context, in agents.Input, logs *logWalk) {
	m := newModel(newGrid(in.Frame, in.Bundle.Incident.Alert.Time), in.Bundle.Topology)
	asked := false
	w.model = m
	w.assembler = newAssembler(func(trace uint64, spans []leaf) {
		if !asked {
			asked = true
			if l, err := logs.walked(ctx, in); err == nil && l.traced {
				m.join = &joiner{}
			}
		}
		m.take(trace, spans)
	})
}

// add takes spans in.
func (w *spanWalk) add(b *telemetry.Block) { w.model.add(w.assembler, b) }

// walked returns the walk once all spans are in and all traces whole. It reads them
// unless they were told.
func (w *spanWalk) walked(ctx context.Context, in agents.Input, logs *logWalk) (*spanWalk, error) {
	if w == nil || !w.told {
		w = new(spanWalk)
		w.begin(ctx, in, logs)
		err := in.Bundle.Blocks(ctx, func(b *telemetry.Block) error {
			w.add(b)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	w.assembler.flush()
	if logs.traced && w.model.join == nil { // there was no trace
		w.model.join = &joiner{}
	}
	return w, nil
}
