package store_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func TestSettingsAndEvaluations(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		if _, err := s.Setting(ctx, "routing"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a setting that was never put: %v", err)
		}
		v, err := s.PutSetting(ctx, admin, store.Setting{Name: "routing", Value: []byte(`{"a":1}`)})
		if err != nil || v.Version != 1 {
			t.Fatalf("%+v, %v", v, err)
		}
		if _, err := s.PutSetting(ctx, admin, store.Setting{Name: "routing"}); !errors.Is(err, store.ErrStale) {
			t.Errorf("a second first one: %v", err)
		}
		if v, err = s.PutSetting(ctx, admin, store.Setting{Name: "routing", Version: 1, Value: []byte(`{}`)}); err != nil || v.Version != 2 {
			t.Errorf("%+v, %v", v, err)
		}
		if got, err := s.Setting(ctx, "routing"); err != nil || got.Version != 2 || string(got.Value) != "{}" {
			t.Errorf("%+v, %v", got, err)
		}
		e, err := s.PutEvaluation(ctx, admin, store.Evaluation{Name: "first", Set: "demo", State: "running"})
		if err != nil || e.ID == "" || e.At.IsZero() {
			t.Fatalf("%+v, %v", e, err)
		}
		e.State, e.Data, e.Summary = "done", []byte("data"), []byte("sum")
		if _, err := s.PutEvaluation(ctx, admin, e); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Evaluations(ctx); err != nil || len(list) != 1 || list[0].State != "done" || string(list[0].Summary) != "sum" || list[0].Data != nil {
			t.Errorf("%+v, %v", list, err)
		}
		if got, err := s.Evaluation(ctx, e.ID); err != nil || string(got.Data) != "data" {
			t.Errorf("%+v, %v", got, err)
		}
		if err := s.DeleteEvaluation(ctx, admin, e.ID); err != nil {
			t.Error(err)
		}
		if err := s.DeleteEvaluation(ctx, admin, e.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("one that is gone: %v", err)
		}
	})
}

func TestFeedback(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in := upload(t, s, store.Major)
		f, err := s.AddFeedback(ctx, admin, store.Feedback{Incident: in.ID, User: "u1", Verdict: "wrong", Node: "db", Note: "it was the disk"})
		if err != nil || f.ID == 0 || f.Attempt != 1 {
			t.Fatalf("%+v, %v", f, err)
		}
		if _, err := s.AddFeedback(ctx, admin, store.Feedback{Incident: in.ID, Verdict: "perhaps"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a verdict that is none: %v", err)
		}
		if list, err := s.FeedbackOf(ctx, in.ID); err != nil || len(list) != 1 || list[0].Note != "it was the disk" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// everything is a diagnosis and the events of one with every field in use.
func everything() (incident.Diagnosis, []store.Trace) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	w := incident.Window{From: at, To: at.Add(time.Hour)}
	evs := []incident.Event{
		incident.Opened{Incident: incident.Incident{ID: "inc-1", System: "shop", Window: w, Alert: incident.Alert{Labels: map[string]string{"a": "b"}}}, Engine: incident.Engine{Name: "e", Version: "1"}},
		incident.StageStarted{Stage: incident.Collect},
		incident.StageEnded{Stage: incident.Collect},
		incident.GraphBuilt{Graph: incident.Graph{Nodes: []incident.GraphNode{{ID: "db", Service: "mysql", Role: incident.Leader, Oddness: 0.5}, {ID: "web"}}, Edges: []incident.GraphEdge{{From: "web", To: "db", Kind: "call", Count: 3}}}},
		incident.AgentChosen{Agent: "a", Nodes: []incident.NodeID{"db"}, Why: incident.Say("k", "n", "v")},
		incident.EvidenceMade{Evidence: incident.Evidence{ID: "E1", Window: w, Numbers: []incident.Number{{Name: "n", Value: math.Inf(1), Windows: []incident.Window{w}}}}},
		incident.ChartMade{Chart: incident.Chart{Evidence: "E1", Times: []time.Time{at, at.Add(1)}, Values: []float64{math.NaN(), 1.5}}},
		incident.TemplateSeen{Template: incident.TemplateCount{Node: "db", Template: "x <*>", Window: 3}},
		incident.FindingMade{Finding: incident.Finding{ID: "F1", Cites: []incident.EvidenceID{"E1"}}},
		incident.Detected{Detection: incident.Detection{Anomalous: true, Spans: []incident.Span{{Window: w, Nodes: []incident.NodeID{"db"}}}}},
		incident.HypothesisScored{Hypothesis: incident.Hypothesis{Node: "db", LogOdds: -1}},
		incident.HypothesisRejected{Rejected: incident.Rejected{Node: "web", Because: incident.Say("no")}},
		incident.CauseRanked{Cause: incident.Cause{Rank: 1, Node: "db", Fault: "cpu", Probability: 0.9, Onset: at}},
		incident.Reasoned{Reason: incident.Reason{Number: 1, Cites: []string{"E1"}}},
		incident.SpreadSeen{Spread: incident.Spread{From: "db", To: "web", At: at}},
		incident.Planned{Plan: incident.Plan{ID: "P", Steps: []incident.Action{{Action: "restart", Params: map[string]string{"x": "y"}}}}},
		incident.Reduced{Reduction: incident.Reduction{Stage: "logs", In: 5}},
		incident.Lacked{Missing: incident.Missing{What: "w", Why: "y"}},
		incident.Concluded{Verdict: incident.Confirmed, Confidence: 0.8, Summary: incident.Say("sum", "node", "db")},
		incident.Closed{Cost: incident.Cost{Wall: time.Second, CPU: 1}},
	}
	var d incident.Diagnosis
	var traces []store.Trace
	for i, e := range evs {
		d.Fold(e)
		traces = append(traces, store.Trace{Attempt: 1, N: i + 1, At: at.Add(time.Duration(i)), Event: e})
	}
	return d, traces
}

// TestNothingIsLost keeps every type of event and the diagnosis made of them.
func TestNothingIsLost(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in := upload(t, s, store.Major)
		j := take(t, s, "w")
		d, traces := everything()
		for i := 0; i < len(traces); i += 3 {
			if err := s.AppendTrace(ctx, j, traces[i:min(i+3, len(traces))]); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.AppendTrace(ctx, j, []store.Trace{{N: 99, Event: incident.Closed{}}}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a hole in the trace: %v", err)
		}
		if err := s.Finish(ctx, j, d); err != nil {
			t.Fatal(err)
		}
		opts := cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}
		back, err := s.Diagnosis(ctx, in.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, back, opts); diff != "" {
			t.Errorf("the diagnosis came back changed:\n%s", diff)
		}
		got, err := s.Traces(ctx, in.ID, 1, 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(traces, got, opts); diff != "" {
			t.Errorf("the trace came back changed:\n%s", diff)
		}
		some, err := s.Traces(ctx, in.ID, 1, 4, 5)
		if err != nil || len(some) != 5 || some[0].N != 5 {
			t.Errorf("five after the fourth: %+v, %v", some, err)
		}
		nodes, edges, err := s.Topology(ctx, "shop")
		if err != nil || len(nodes) != 2 || len(edges) != 1 || nodes[0].Node != "db" || nodes[0].Incident != in.ID || edges[0].Count != 3 {
			t.Errorf("topology %+v, %+v, %v", nodes, edges, err)
		}
		if nodes, _, err := s.Topology(ctx, ""); err != nil || len(nodes) != 2 {
			t.Errorf("topology of all %+v, %v", nodes, err)
		}
		h, err := s.Incident(ctx, in.ID)
		if err != nil || h.Headline.Node != "db" || h.Headline.Probability != 0.9 || h.Headline.Engine != "e 1" || h.Headline.Summary.Key != "sum" || h.System != "shop" {
			t.Errorf("headline %+v, %v", h.Headline, err)
		}
		for _, f := range []store.Filter{{Node: "db"}, {Fault: "cpu"}, {Verdict: []incident.Verdict{incident.Confirmed}}} {
			if p, err := s.Incidents(ctx, f); err != nil || len(p.Items) != 1 {
				t.Errorf("%+v: %d incidents, %v", f, len(p.Items), err)
			}
		}
		if _, err := s.Diagnosis(ctx, in.ID, 2); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a diagnosis that is not: %v", err)
		}
	})
}
