package data

import (
	"cmp"
	"context"
	"sync"

	"triagent/agents"
	"triagent/telemetry"
)

// logWalk is the one walk over the logs of a diagnosis, which the log agent and
// the trace agent both look at. It is safe for concurrent use.
type logWalk struct {
	once   sync.Once
	lines  *lineTable // folded and settled: read only
	traced bool       // records belong to spans
	spoken []spokenLine
	over   bool // there are more of them than are kept
	most   int  // how many are kept; 0: maxSpoken
	err    error
}

// spokenLine is a record that names its trace.
type spokenLine struct {
	trace, span    uint64 // hashes
	time           int64
	node, template int32 // numbers in the table of lines
}

// maxSpoken bounds the records that are kept for the trace agent: 20 MB. Of more
// the logs are read again.
const maxSpoken = 500_000

// walked returns the walk over the logs, which the first caller makes.
func (w *logWalk) walked(ctx context.Context, in agents.Input) (*logWalk, error) {
	if w == nil {
		w = new(logWalk)
	}
	w.once.Do(func() { w.err = w.walk(ctx, in) })
	return w, w.err
}

// walk counts the records, and keeps those that name a trace.
func (w *logWalk) walk(ctx context.Context, in agents.Input) error {
	w.lines = newLineTable(newGrid(in.Frame, in.Bundle.Incident.Alert.Time), in.Bundle.Topology)
	last, seen := none, 0
	err := in.Bundle.Logs(ctx, nil, func(r *telemetry.Record) error {
		node, template := w.lines.add(r)
		if node != last {
			last, seen = node, 0
		}
		if seen++; r.TraceID == "" || !in.Bundle.HasSpans {
			return nil
		}
		w.traced = w.traced || seen <= peek
		w.speak(r, node, template)
		return nil
	})
	if err != nil {
		return err
	}
	w.lines.fold()
	w.lines.settle()
	return nil
}

// peek is how many records of a node tell whether its log names spans.
const peek = 500

func (w *logWalk) speak(r *telemetry.Record, node, template int32) {
	if template == none || w.over {
		return
	}
	if len(w.spoken) >= cmp.Or(w.most, maxSpoken) {
		w.over, w.spoken = true, nil
		return
	}
	w.spoken = append(w.spoken, spokenLine{telemetry.HashID(r.TraceID), telemetry.HashID(r.SpanID), r.Time, node, template})
}

// each tells of every record that names a trace, in the order of the logs.
func (w *logWalk) each(ctx context.Context, in agents.Input, fn func(spokenLine)) error {
	for _, l := range w.spoken {
		fn(l)
	}
	if !w.over {
		return nil
	}
	lines := newLineTable(newGrid(in.Frame, in.Bundle.Incident.Alert.Time), in.Bundle.Topology)
	return in.Bundle.Logs(ctx, nil, func(r *telemetry.Record) error {
		if node, template := lines.add(r); template != none && r.TraceID != "" {
			fn(spokenLine{telemetry.HashID(r.TraceID), telemetry.HashID(r.SpanID), r.Time, node, template})
		}
		return nil
	})
}

// on is the table as one agent looks at it, with a grid of its own.
func (l *lineTable) on(g *grid) *lineTable {
	own := *l
	own.g = g
	return &own
}

// settle writes down what the miner knows, so that several may ask at once. Call
// it once, after fold.
func (l *lineTable) settle() {
	l.roots = make([]int32, l.miner.IDs())
	l.texts = make([]string, len(l.roots))
	l.counts = make([]int64, len(l.roots))
	for id := range l.roots {
		l.roots[id] = int32(l.miner.Root(id))
		l.texts[id], l.counts[id] = l.miner.Template(id), l.miner.Count(id)
	}
	l.stats = l.miner.Stats()
	l.miner = nil
}

// root is the id that stands for the template of id, and template its text.
func (l *lineTable) root(id int32) int32      { return l.roots[id] }
func (l *lineTable) template(id int32) string { return l.texts[id] }
