package collect_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// watching is a source that knows the present alone, with a metric that ended
// before.
func watching(ended time.Duration, seen *connectors.Ask) *scripted {
	return &scripted{give: func(_ context.Context, a connectors.Ask, to connectors.Sink) error {
		*seen = a
		now := time.Now()
		if err := to.Change(connectors.Change{Node: "db-1", Kind: "lock", Time: now.UnixNano(), Text: "waits"}); err != nil {
			return err
		}
		return to.Series(connectors.Series{
			Node: "db-1", Name: "pg_up", Times: []int64{now.Add(-ended).UnixNano(), now.Add(-ended + time.Nanosecond).UnixNano()}, Values: []float64{1, 1},
		})
	}}
}

// TestPresent collects for windows that ended as the sources were asked and
// earlier: the present is in the bundle of the first.
func TestPresent(t *testing.T) {
	for name, c := range map[string]struct {
		ago, ended time.Duration // when the window and the metric ended
		changes    int
		grows      bool
	}{
		"ends now":                     {0, 0, 1, true},
		"ended just now":               {30 * time.Second, 0, 1, true},
		"ended earlier":                {10 * time.Minute, 12 * time.Minute, 0, false},
		"ends now, metric had stopped": {0, 5 * time.Minute, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			to := time.Now().Add(-c.ago).UTC()
			var asked connectors.Ask
			b, _ := gather(t, collect.Ask{Incident: incident.Incident{ID: "i", Window: incident.Window{From: to.Add(-15 * time.Minute), To: to}}}, named("pg", watching(c.ended, &asked)))
			if len(b.Changes) != c.changes || len(b.Tables) != 1 {
				t.Errorf("%d changes, %d tables; asked to %v, window to %v", len(b.Changes), len(b.Tables), asked.Span.To, to)
			}
			if got := b.Incident.Window.To; got.After(to) != c.grows || got.Before(to) || got.After(time.Now()) {
				t.Errorf("window to %v, was %v", got, to)
			}
			if last := b.Tables[0].Times; c.grows && b.Incident.Window.To.UnixNano() < last[len(last)-1] {
				t.Errorf("the window ends at %v, before the last sample", b.Incident.Window.To)
			}
		})
	}
}

// TestTaken asks nobody where the bundle cannot be written.
func TestTaken(t *testing.T) {
	src := &scripted{give: func(context.Context, connectors.Ask, connectors.Sink) error {
		t.Error("the source was asked")
		return nil
	}}
	s := collect.System{Sources: []collect.Source{named("a", src)}}
	taken := filepath.Join(t.TempDir(), "b.tar")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bundle(t.Context(), collect.Ask{Incident: ask}, taken); errs.KindOf(err) != errs.Invalid {
		t.Errorf("%v", err)
	}
	if _, err := s.Bundle(t.Context(), collect.Ask{Incident: ask}, filepath.Join(t.TempDir(), "none", "b")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("%v", err)
	}
}
