package otlp

import (
	"bytes"
	"cmp"
	"context"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"triagent/connectors"
	"triagent/connectors/otlp/ring"
	"triagent/connectors/traces"
	"triagent/incident"
	"triagent/telemetry"
)

// maxLine bounds a record, in bytes.
const maxLine = 64 << 10

// records gives the log records of a batch that are asked for.
func (g *gathering) records(b ring.Batch, use func(n connectors.Node, scope string, r plog.LogRecord) error) error {
	l, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b.Body)
	if err != nil {
		return unreadable(err)
	}
	for _, rl := range l.ResourceLogs().All() {
		items := 0
		for _, sl := range rl.ScopeLogs().All() {
			items += sl.LogRecords().Len()
		}
		n, ok := g.node(rl.Resource(), ring.Logs, items)
		if !ok {
			continue
		}
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if at := when(r); at < g.from || at >= g.to {
					continue
				}
				if err := use(n, sl.Scope().Name(), r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func when(r plog.LogRecord) int64 { return int64(cmp.Or(r.Timestamp(), r.ObservedTimestamp())) }

// level reads the severity of a record: its number, else its text.
func level(r plog.LogRecord) telemetry.Level {
	if n := int(r.SeverityNumber()); n > 0 {
		return telemetry.Level(min((n-1)/4+1, int(telemetry.Fatal)))
	}
	for l := telemetry.Trace; l <= telemetry.Fatal; l++ {
		if strings.HasPrefix(strings.ToUpper(r.SeverityText()), l.String()) {
			return l
		}
	}
	return telemetry.NoLevel
}

// thinning keeps an even part of records, the severe rather than the others.
type thinning struct {
	in, met, out [3]int64 // by severity: errors, warnings, others
	part         [3]float64
	limit        int64 // 0: none
}

func severity(l telemetry.Level) int {
	switch {
	case l >= telemetry.Error:
		return 0
	case l == telemetry.Warn:
		return 1
	}
	return 2
}

// choose spreads the bound, the severe first.
func (t *thinning) choose() {
	limit := t.limit
	for i, n := range t.in {
		t.part[i] = 1
		if n > limit {
			t.part[i] = float64(limit) / float64(n)
		}
		limit = max(0, limit-n)
	}
}

// keeps decides about the next record.
func (t *thinning) keeps(l telemetry.Level) bool {
	i := severity(l)
	before := int64(float64(t.met[i]) * t.part[i])
	t.met[i]++
	if int64(float64(t.met[i])*t.part[i]) == before || t.limit > 0 && sum(t.out) >= t.limit {
		return false
	}
	t.out[i]++
	return true
}

func sum(n [3]int64) int64 { return n[0] + n[1] + n[2] }

// collectLogs hands over the log records, or a part of them.
func (g *gathering) collectLogs(ctx context.Context, seen ring.Seen) error {
	only := ring.Want{Kinds: []ring.Kind{ring.Logs}}
	limit, query := g.ask.Limit.Lines, g.query("logs")
	t := thinning{part: [3]float64{1, 1, 1}, limit: limit}
	if limit > 0 && seen.Items[ring.Logs] > limit {
		unnamed := g.unnamed
		if _, err := g.read(ctx, only, func(b ring.Batch) error {
			return g.records(b, func(_ connectors.Node, _ string, r plog.LogRecord) error { t.in[severity(level(r))]++; return nil })
		}); err != nil {
			return err
		}
		g.unnamed = unnamed
		t.choose()
	}
	var long int64
	_, err := g.read(ctx, only, func(b ring.Batch) error {
		return g.records(b, func(n connectors.Node, scope string, r plog.LogRecord) error {
			if !t.keeps(level(r)) {
				return nil
			}
			line := g.line(n, scope, r)
			if len(line.Body) > maxLine {
				line.Body = bytes.ToValidUTF8(line.Body[:maxLine], nil)
				long++
			}
			line.Query = query
			return g.sink.Line(line)
		})
	})
	if err != nil {
		return err
	}
	if long > 0 {
		if err := g.sink.Reduced(incident.Reduction{Stage: "logs", In: long, Out: long, Unit: "lines", How: "cut after 64 KiB", Rest: query}); err != nil {
			return err
		}
	}
	if in, out := sum(t.met), sum(t.out); out < in {
		return g.sink.Reduced(incident.Reduction{Stage: "logs", In: in, Out: out, Unit: "lines", How: "an even part, errors and warnings first; raise the bound of lines for the rest", Rest: query})
	}
	return nil
}

// line is a record in our terms.
func (g *gathering) line(n connectors.Node, scope string, r plog.LogRecord) connectors.Line {
	l := connectors.Line{Node: n.Names[0], Time: when(r), Level: level(r), Body: []byte(r.Body().AsString()), Attributes: traces.Attributes(r.Attributes(), &g.cut)}
	if !r.TraceID().IsEmpty() {
		l.TraceID = r.TraceID().String()
	}
	if !r.SpanID().IsEmpty() {
		l.SpanID = r.SpanID().String()
	}
	put := func(k, v string) {
		if v != "" {
			if l.Attributes == nil {
				l.Attributes = make(map[string]string, 2)
			}
			l.Attributes[k] = v
		}
	}
	put("logger", scope)
	put("event.name", r.EventName())
	if len(l.Body) == 0 { // events have a name, and no words
		l.Body = []byte(r.EventName())
	}
	return l
}
