package app

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"triagent/incident"
	"triagent/internal/errs"
)

// newTracer returns a tracer that sends spans over OTLP/HTTP to endpoint, a URL
// as http://localhost:4318, and a function that sends the rest and ends it. With
// no endpoint nothing is made and nothing is sent.
func newTracer(ctx context.Context, endpoint, version string) (trace.Tracer, func(context.Context) error, error) {
	if endpoint == "" {
		return noop.NewTracerProvider().Tracer("triagent"), func(context.Context) error { return nil }, nil
	}
	out, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		return nil, nil, &errs.Error{Op: "send own traces", Kind: errs.Invalid, Err: err}
	}
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(out),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "triagent"), attribute.String("service.version", version),
		)),
	)
	return p.Tracer("triagent"), p.Shutdown, nil
}

// span follows one diagnosis: a span for it, one for every stage below it, one
// for every agent below its stage.
type span struct {
	tracer trace.Tracer
	root   context.Context //nolint:containedctx // the parent of the stages' spans, for as long as this one lasts
	all    trace.Span
	stage  context.Context //nolint:containedctx // the parent of the agents' spans
	open   trace.Span      // of the stage; nil: none
}

func startSpan(ctx context.Context, t trace.Tracer) *span {
	s := &span{tracer: t}
	s.root, s.all = t.Start(ctx, "diagnosis")
	s.stage = s.root
	return s
}

func (s *span) hear(e incident.Event) {
	switch e := e.(type) {
	case incident.Opened:
		s.all.SetAttributes(attribute.String("triagent.incident", string(e.Incident.ID)), attribute.String("triagent.engine", e.Engine.Name), attribute.String("triagent.system", e.Incident.System))
	case incident.StageStarted:
		s.stage, s.open = s.tracer.Start(s.root, "stage "+string(e.Stage))
	case incident.StageEnded:
		if s.open != nil {
			s.open.End()
			s.stage, s.open = s.root, nil
		}
	case incident.AgentEnded:
		s.agent(e)
	case incident.Concluded:
		s.all.SetAttributes(attribute.String("triagent.verdict", string(e.Verdict)), attribute.Float64("triagent.confidence", e.Confidence))
	}
}

func (s *span) agent(e incident.AgentEnded) {
	_, sp := s.tracer.Start(s.stage, "agent "+e.Agent, trace.WithTimestamp(e.Started), trace.WithAttributes(
		attribute.Int("triagent.evidence", e.Evidence), attribute.Int("triagent.findings", e.Findings),
	))
	if e.Failed != "" {
		sp.SetStatus(codes.Error, e.Failed)
	}
	sp.End(trace.WithTimestamp(e.Started.Add(e.Took)))
}

// end closes the span of the diagnosis and, if it broke off, that of its stage.
func (s *span) end(err error) {
	if s.open != nil {
		s.open.End()
	}
	if err != nil {
		s.all.SetStatus(codes.Error, fmt.Sprintf("%s: %v", errs.KindOf(err), err))
	}
	s.all.End(trace.WithTimestamp(time.Now()))
}
