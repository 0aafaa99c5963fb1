package meta

import (
	"path/filepath"
	"testing"
	"time"

	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// written is a bundle as Open reads it: of a topology, spans and tables.
func written(t *testing.T, top incident.Topology, spans []telemetry.Span, tables ...telemetry.Table) *telemetry.Bundle {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "bundle")
	err := telemetry.Write(t.Context(), dst, func(w *telemetry.Writer) error {
		inc := incident.Incident{ID: "rig-1", Window: minute(10, 15), Baseline: minute(0, 9)}
		if err := w.Incident(inc, time.UTC); err != nil {
			return err
		}
		if err := w.Topology(top); err != nil {
			return err
		}
		for i := range tables {
			if err := w.Table(&tables[i]); err != nil {
				return err
			}
		}
		if len(spans) == 0 {
			return nil
		}
		sw, err := w.Spans()
		if err != nil {
			return err
		}
		for i := range spans {
			if err := sw.Write(&spans[i]); err != nil {
				return err
			}
		}
		return sw.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// span is a span of a trace of its own system, in minute 11.
func span(id, parent string, node incident.NodeID, attributes map[string]string) telemetry.Span {
	return telemetry.Span{
		TraceID: "t1", SpanID: id, ParentID: parent, Node: node, Name: "op", Attributes: attributes,
		Start: noon.Add(11 * time.Minute).UnixNano(), Duration: int64(time.Millisecond),
	}
}

// table is a table of a node with metrics of the given names, flat but for a
// jump in the window by the factor.
func table(node incident.NodeID, factor float64, names ...string) telemetry.Table {
	out := telemetry.Table{Node: node}
	for at := noon; at.Before(noon.Add(15 * time.Minute)); at = at.Add(10 * time.Second) {
		out.Times = append(out.Times, at.UnixNano())
	}
	for k, name := range names {
		col := telemetry.Column{Name: name}
		for i, at := range out.Times {
			v := 10 + float64((i*7+k)%5)/10
			if at >= minute(11, 15).From.UnixNano() {
				v *= factor
			}
			col.Values = append(col.Values, v)
		}
		out.Columns = append(out.Columns, col)
	}
	return out
}

func loaded(t *testing.T) *knowledge.Base {
	t.Helper()
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func nodes(ids ...incident.NodeID) incident.Topology {
	var top incident.Topology
	for _, id := range ids {
		top.Nodes = append(top.Nodes, incident.Node{ID: id, Known: true})
	}
	return top
}
