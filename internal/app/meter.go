package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"triagent/incident"
	"triagent/internal/errs"
)

// meter is the service's own metrics. Labels come from bounded sets: never an
// incident, a path with an ID in it, or anything that was sent.
type meter struct {
	reg       *prometheus.Registry
	requests  *prometheus.HistogramVec
	diagnoses *prometheus.CounterVec
	failures  *prometheus.CounterVec
	took      prometheus.Histogram
	stages    *prometheus.HistogramVec
	agents    *prometheus.HistogramVec
	sent      *prometheus.CounterVec
	lessons   *prometheus.CounterVec
}

// newMeter registers the metrics in a registry of its own.
func newMeter() *meter {
	m := &meter{
		reg: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "triagent_http_request_seconds", Help: "Time to answer a request; streams of events are left out.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "code"}),
		diagnoses: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "triagent_diagnoses_total", Help: "Diagnoses that ended, by verdict.",
		}, []string{"verdict"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "triagent_diagnosis_failures_total", Help: "Diagnoses that failed, by kind of error.",
		}, []string{"kind"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "triagent_diagnosis_seconds", Help: "Time that a diagnosis took.", Buckets: prometheus.ExponentialBuckets(.01, 2.5, 12),
		}),
		stages: seconds("triagent_stage_seconds", "Time that a stage of a diagnosis took.", "stage"),
		agents: seconds("triagent_agent_seconds", "Time that an agent took.", "agent"),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "triagent_deliveries_total", Help: "Tries to deliver a notification, by kind of channel and outcome.",
		}, []string{"kind", "outcome"}),
		lessons: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "triagent_lessons_total", Help: "Tries to learn from an incident whose cause people named, by outcome.",
		}, []string{"outcome"}),
	}
	m.reg.MustRegister(
		m.requests, m.diagnoses, m.failures, m.took, m.stages, m.agents, m.sent, m.lessons,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, v := range []incident.Verdict{incident.Confirmed, incident.Likely, incident.Inconclusive, incident.Healthy} {
		m.diagnoses.WithLabelValues(string(v))
	}
	return m
}

func seconds(name, help, label string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(.001, 4, 9),
	}, []string{label})
}

// gauge adds a metric whose value is asked for at every scrape.
func (m *meter) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
}

// handler serves the metrics.
func (m *meter) handler() http.Handler {
	return promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{})
}

// middleware measures every request but streams of events, which last as long
// as someone looks.
func (m *meter) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		start := time.Now()
		next.ServeHTTP(ww, r)
		if ww.Header().Get("Content-Type") == "text/event-stream" {
			return
		}
		route := "none"
		if c := chi.RouteContext(r.Context()); c != nil && c.RoutePattern() != "" {
			route = c.RoutePattern()
		}
		m.requests.WithLabelValues(method(r.Method), route, strconv.Itoa(ww.Status())).Observe(time.Since(start).Seconds())
	})
}

// method bounds the values of a label that a client chooses.
func method(s string) string {
	switch s {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return s
	}
	return "other"
}

// listener measures one diagnosis.
func (m *meter) listener() incident.Listener {
	began := map[incident.Stage]time.Time{}
	return func(e incident.Event) {
		switch e := e.(type) {
		case incident.StageStarted:
			began[e.Stage] = time.Now()
		case incident.StageEnded:
			m.stages.WithLabelValues(string(e.Stage)).Observe(time.Since(began[e.Stage]).Seconds())
		case incident.AgentEnded:
			m.agents.WithLabelValues(e.Agent).Observe(e.Took.Seconds())
		case incident.Concluded:
			m.diagnoses.WithLabelValues(string(e.Verdict)).Inc()
		case incident.Closed:
			m.took.Observe(e.Cost.Wall.Seconds())
		}
	}
}

func (m *meter) failed(err error) {
	m.failures.WithLabelValues(string(errs.KindOf(err))).Inc()
}
