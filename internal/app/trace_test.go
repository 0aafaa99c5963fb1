package app

import (
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"triagent/demo"
	"triagent/incident"
)

// A diagnosis is one trace: stages below it, agents below their stage, each as
// long as it took.
func TestSpans(t *testing.T) {
	rec := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(rec)).Tracer("test")
	a, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	paths, err := demo.Extract(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter()
	count := m.listener()
	s := startSpan(t.Context(), tracer)
	if _, err := a.Diagnose(t.Context(), paths[0], func(e incident.Event) { s.hear(e); count(e) }); err != nil {
		t.Fatal(err)
	}
	s.end(nil)
	byID := map[string]sdktrace.ReadOnlySpan{}
	parent := map[string]string{}
	for _, sp := range rec.Ended() {
		byID[sp.SpanContext().SpanID().String()] = sp
	}
	agents := 0
	for _, sp := range rec.Ended() {
		if p, ok := byID[sp.Parent().SpanID().String()]; ok {
			parent[sp.Name()] = p.Name()
		}
		if took := sp.EndTime().Sub(sp.StartTime()); took < 0 || took > time.Minute {
			t.Errorf("%s took %s", sp.Name(), took)
		}
		if len(sp.Name()) > 6 && sp.Name()[:6] == "agent " {
			agents++
		}
	}
	if parent["stage examine"] != "diagnosis" || parent["agent data/metric"] != "stage examine" || parent["agent system/leader"] != "stage judge" {
		t.Errorf("parents %v", parent)
	}
	if agents < 5 {
		t.Errorf("%d agents, want at least 5", agents)
	}
	families, err := m.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range families {
		seen[f.GetName()] = true
	}
	for _, name := range []string{"triagent_diagnoses_total", "triagent_stage_seconds", "triagent_agent_seconds", "triagent_diagnosis_seconds"} {
		if !seen[name] {
			t.Errorf("no metric %s", name)
		}
	}
}
