package store_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"triagent/incident"
	"triagent/store"
	"triagent/store/storetest"
)

var admin = store.Actor{User: "u1", Name: "ada", Addr: "127.0.0.1"}

func TestDiagnosisOfAnUpload(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in, existed, err := s.CreateIncident(ctx, admin, store.Incident{Title: "Checkout is slow", Severity: store.Major, Bundle: "abc.zip"}, "k#h", &store.Job{})
		if err != nil || existed {
			t.Fatal(existed, err)
		}
		again, existed, err := s.CreateIncident(ctx, admin, store.Incident{Title: "Checkout is slow"}, "k#h", &store.Job{})
		if err != nil || !existed || again.ID != in.ID {
			t.Fatalf("the same request made %v, %v, %v", again.ID, existed, err)
		}
		j, ok, err := s.Take(ctx, "w1", time.Minute)
		if err != nil || !ok || j.Incident != in.ID || j.Bundle != "abc.zip" || j.Takes != 1 {
			t.Fatalf("took %+v, %v, %v", j, ok, err)
		}
		ev := []store.Trace{{N: 1, At: time.Unix(5, 0).UTC(), Event: incident.Opened{}}, {N: 2, Event: incident.ChartMade{Chart: incident.Chart{Values: []float64{1, math.NaN()}}}}}
		for range 2 {
			if err := s.AppendTrace(ctx, j, ev); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Traces(ctx, in.ID, 1, 1, 0)
		if err != nil || len(got) != 1 || got[0].N != 2 {
			t.Fatalf("traces %+v, %v", got, err)
		}
		d := incident.Diagnosis{Verdict: incident.Likely, Causes: []incident.Cause{{Node: "db-1", Fault: "cpu"}}, Plan: &incident.Plan{}}
		if err := s.Finish(ctx, j, d); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(ctx, j, d); !errors.Is(err, store.ErrLost) {
			t.Fatalf("a second Finish: %v", err)
		}
		back, err := s.Diagnosis(ctx, in.ID, 0)
		if err != nil || back.Verdict != incident.Likely || back.Plan == nil {
			t.Fatalf("%+v, %v", back, err)
		}
		page, err := s.Incidents(ctx, store.Filter{Text: "CHECKOUT db-1", Node: "db-1", CountUpTo: 10})
		if err != nil || len(page.Items) != 1 || page.Total != 1 || page.Items[0].Progress != store.Done {
			t.Fatalf("%+v, %v", page, err)
		}
		if n, bad, err := s.VerifyAudit(ctx); n != 1 || bad != 0 || err != nil {
			t.Fatal(n, bad, err)
		}
	})
}
