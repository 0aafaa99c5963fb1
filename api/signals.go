package api

import (
	"context"
	"strings"
	"time"

	"triagent/api/raw"
	"triagent/api/wire"
	"triagent/incident"
	"triagent/internal/errs"
)

type metricsOut struct {
	Body struct {
		Nodes []raw.NodeMetrics `json:"nodes"`
	}
}

func (s *Server) listMetrics(ctx context.Context, in *Named) (*metricsOut, error) {
	i, b, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &metricsOut{}
	out.Body.Nodes = raw.Metrics(b, s.unit(or(b.Incident.System, i.System)))
	return out, nil
}

// unit tells the unit of a metric, as far as it is known.
func (s *Server) unit(system string) func(service, name string) string {
	return func(service, name string) string {
		if s.c.Knowledge == nil {
			return ""
		}
		m, _ := s.c.Knowledge.Metric(system, service, name)
		return m.Unit
	}
}

type seriesIn struct {
	Named

	Node      string `query:"node" required:"true" minLength:"1" maxLength:"300"`
	Metric    string `query:"metric" required:"true" minLength:"1" maxLength:"5000" doc:"Names with commas between them, up to 50"`
	MaxPoints int    `query:"max_points" minimum:"10" maximum:"20000" default:"2000"`
}

type seriesOut struct {
	Body struct {
		Window   wire.Window  `json:"window"`
		Baseline wire.Window  `json:"baseline"`
		Series   []raw.Series `json:"series"`
	}
}

// maxSeries is how many series one answer may hold.
const maxSeries = 50

func (s *Server) getSeries(ctx context.Context, in *seriesIn) (*seriesOut, error) {
	names := strings.Split(in.Metric, ",")
	if len(names) > maxSeries {
		return nil, wrongValue("query.metric", "ask for no more than 50 metrics at once")
	}
	i, b, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &seriesOut{}
	out.Body.Window, out.Body.Baseline = wire.WindowOf(b.Incident.Window), wire.WindowOf(b.Incident.Baseline)
	if out.Body.Series, err = raw.SeriesOf(b, in.Node, names, in.MaxPoints, s.unit(or(b.Incident.System, i.System))); err != nil {
		return nil, err
	}
	d, err := s.c.Store.Diagnosis(ctx, i.ID, 0)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return nil, err
	}
	for k := range out.Body.Series {
		out.Body.Series[k].Onset = onsetOf(d, in.Node, out.Body.Series[k].Metric)
	}
	return out, nil
}

// onsetOf is when the strongest evidence of a metric says that it changed.
func onsetOf(d incident.Diagnosis, node, metric string) *int64 {
	var best *incident.Evidence
	for k := range d.Evidence {
		e := &d.Evidence[k]
		if e.Kind == incident.Metric && string(e.Node) == node && e.Name == metric && !e.Onset.IsZero() && (best == nil || e.Score > best.Score) {
			best = e
		}
	}
	if best == nil {
		return nil
	}
	ms := middle(best.Onset).UnixMilli()
	return &ms
}

// middle is the best guess within an interval.
func middle(w incident.Window) time.Time {
	switch {
	case w.From.IsZero():
		return w.To
	case w.To.IsZero():
		return w.From
	}
	return w.From.Add(w.Duration() / 2)
}

type logsIn struct {
	Named

	Node   string    `query:"node" maxLength:"300"`
	Text   string    `query:"q" maxLength:"300" doc:"Which the message contains, any case"`
	Level  string    `query:"level" enum:"trace,debug,info,warn,error,fatal" doc:"This level or a higher one"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
	Cursor string    `query:"cursor" maxLength:"500"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type logsOut struct{ Body raw.LogPage }

func (s *Server) listLogs(ctx context.Context, in *logsIn) (*logsOut, error) {
	_, b, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	level, _ := raw.ParseLevel(in.Level)
	p, err := s.bundles.Logs(ctx, b, raw.LogQuery{
		Node: in.Node, Text: in.Text, Level: level, From: in.From, To: in.To, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, inBundle(err, b, in.ID)
	}
	return &logsOut{*p}, nil
}

type linesIn struct {
	Named

	File   string `query:"file" required:"true" minLength:"1" maxLength:"1000" doc:"Part of the bundle, as source.file of evidence has it"`
	Line   int    `query:"line" minimum:"1" maximum:"2000000000" default:"1"`
	Around int    `query:"around" minimum:"0" maximum:"500" default:"20"`
}

type linesOut struct{ Body raw.Excerpt }

func (s *Server) getLines(ctx context.Context, in *linesIn) (*linesOut, error) {
	_, b, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	e, err := s.bundles.Lines(ctx, b, in.File, in.Line, in.Around)
	if err != nil {
		return nil, inBundle(err, b, in.ID)
	}
	return &linesOut{*e}, nil
}

type tracesIn struct {
	Named

	Sort  string `query:"sort" enum:"duration,start,errors" default:"duration"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type tracesOut struct{ Body raw.Traces }

func (s *Server) listTraces(ctx context.Context, in *tracesIn) (*tracesOut, error) {
	_, b, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t, err := s.bundles.Traces(ctx, b, in.Sort, in.Limit)
	if err != nil {
		return nil, inBundle(err, b, in.ID)
	}
	return &tracesOut{*t}, nil
}

type traceIn struct {
	Named

	Trace string `path:"trace" minLength:"1" maxLength:"200"`
}

type traceOut struct{ Body raw.Spans }

func (s *Server) getTrace(ctx context.Context, in *traceIn) (*traceOut, error) {
	_, b, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t, err := s.bundles.Trace(ctx, b, in.Trace)
	if err != nil {
		return nil, inBundle(err, b, in.ID)
	}
	return &traceOut{*t}, nil
}
