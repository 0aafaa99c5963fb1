package kept

import (
	"slices"
	"strings"

	"triagent/compress"
	"triagent/evidence/brief"
	"triagent/incident"
)

// reader says which labelled lines can be read in a text.
type reader struct {
	rows  []brief.Row
	byID  map[string]brief.Row // rows by the IDs of their evidence
	lines map[string][]string  // raw log messages by node and quote, see key
}

func newReader(rows []brief.Row, lines map[string][]string) *reader {
	r := &reader{rows: rows, byID: map[string]brief.Row{}, lines: lines}
	for _, row := range rows {
		for _, e := range row.Evidence {
			r.byID[string(e.ID)] = row
		}
	}
	return r
}

func key(n incident.NodeID, quote string) string { return string(n) + "\x00" + quote }

// has reports whether a row tells of the line itself.
func (r *reader) has(l *Line) bool {
	return slices.ContainsFunc(r.rows, func(row brief.Row) bool {
		switch l.Kind {
		case "metric":
			if s := row.Series; s != nil {
				return s.Node == l.Node && s.Name == l.Quote && went(s.Change.Direction, l.Way)
			}
			return slices.ContainsFunc(row.Evidence, func(e *incident.Evidence) bool { return isMetric(e, l) })
		case "event":
			return row.Node == l.Node && strings.Contains(row.Text, l.Quote) &&
				slices.ContainsFunc(row.Evidence, func(e *incident.Evidence) bool { return e.Kind == incident.Occurred })
		case "span":
			return slices.ContainsFunc(row.Evidence, func(e *incident.Evidence) bool { return isSpan(e, row.Text, l) })
		case "log":
			return r.isLog(row, l)
		}
		return false
	})
}

// hasSame reports whether a row tells of the line or of one that says the same.
func (r *reader) hasSame(l *Line) bool {
	return r.has(l) || slices.ContainsFunc(l.Same, func(s Line) bool { return r.has(&s) })
}

func isMetric(e *incident.Evidence, l *Line) bool {
	if e.Kind != incident.Metric || e.Node != l.Node || !went(e.Direction, l.Way) {
		return false
	}
	return e.Name == l.Quote || len(e.Numbers) > 0 && e.Numbers[0].Column == l.Quote && !strings.HasPrefix(e.Text.Key, "metric.ratio")
}

// went reports whether a metric went the way of a label.
func went(d incident.Direction, way string) bool {
	if way == "down" {
		return d == incident.Down || d == incident.Gone
	}
	return d == incident.Up || d == incident.New
}

// told are the endings of keys of texts, by the way a span went.
var told = map[string][]string{
	"slow":   {"self_time", "latency", "call_latency", "call_latency_all", "call_slow", "call_net"},
	"more":   {"call_rate_up", "call_rate_up_all", "span_up", "span_new", "call_up", "call_new"},
	"new":    {"call_rate_up", "span_new", "call_new"},
	"fewer":  {"call_rate_down", "call_rate_down_all", "span_down", "span_gone", "call_down", "call_gone", "absent"},
	"gone":   {"call_rate_down", "call_rate_down_all", "span_gone", "call_gone", "absent"},
	"errors": {"call_error", "call_error_all", "failures"},
}

// isSpan reports whether evidence tells how the spans of the label went: by
// their operation, or of all calls between the two nodes at once.
func isSpan(e *incident.Evidence, text string, l *Line) bool {
	if e.Kind != incident.Trace {
		return false
	}
	_, ending, _ := strings.Cut(e.Text.Key, ".")
	if !slices.Contains(told[l.Way], ending) {
		return false
	}
	ends := []string{string(e.Node), string(e.Peer)}
	for _, a := range e.Text.Args {
		if a.Name == "from" || a.Name == "to" {
			ends = append(ends, a.Value)
		}
	}
	if !slices.Contains(ends, string(l.Node)) || l.Peer != "" && !slices.Contains(ends, string(l.Peer)) {
		return false
	}
	return strings.Contains(text, l.Quote) || strings.HasSuffix(ending, "_all")
}

// isLog reports whether a row shows a template of which the labelled line is an
// instance, with the words of the quote in sight.
func (r *reader) isLog(row brief.Row, l *Line) bool {
	template, ways := "", []string(nil)
	if row.Line != nil {
		template = row.Line.Template
		ways = append(ways, string(row.Line.Change.Kind))
	}
	for _, e := range row.Evidence {
		if e.Kind == incident.Log {
			template = e.Name
			ways = append(ways, string(e.Direction))
		}
	}
	if row.Node != l.Node || template == "" || !slices.ContainsFunc(ways, func(w string) bool { return goes(w, l.Way) }) {
		return false
	}
	text := row.Text
	if _, id, found := strings.Cut(text, ": as "); found {
		id, _, _ = strings.Cut(id, " ")
		text = r.byID[id].Text
	}
	if !inSight(l.Quote, template, text) {
		return false
	}
	m := compress.NewMatcher(template)
	return slices.ContainsFunc(r.lines[key(l.Node, l.Quote)], func(s string) bool { return m.Match([]byte(s)) })
}

// goes reports whether the direction of a row fits the way of a label.
func goes(direction, way string) bool {
	switch way {
	case "new":
		return direction == string(incident.New) || direction == string(incident.Up) || direction == string(compress.Burst)
	case "fewer", "gone":
		return direction == string(incident.Down) || direction == string(incident.Gone) ||
			direction == string(compress.Drop) || direction == string(compress.Vanished)
	}
	return direction != string(incident.Gone) && direction != string(compress.Vanished)
}

// inSight reports whether the words of a quote that the template keeps are all
// shown, and at least one is.
func inSight(quote, template, shown string) bool {
	any := false
	for _, w := range strings.FieldsFunc(quote, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		if len(w) < 3 || !strings.Contains(template, w) {
			continue
		}
		if !strings.Contains(shown, w) {
			return false
		}
		any = true
	}
	return any
}
