package store_test

import (
	"fmt"
	"testing"
	"time"

	"triagent/store"
	"triagent/store/storetest"
)

// TestSearchAfterChanges shows that a search sees what was changed, by this
// process and by another, whose clock may differ.
func TestSearchAfterChanges(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		find := func(words string, want int) {
			t.Helper()
			p, err := s.Incidents(ctx, store.Filter{Text: words, CountUpTo: 100})
			if err != nil || len(p.Items) != want || p.Total != want {
				t.Errorf("search %q: %d incidents, %d counted, %v; want %d", words, len(p.Items), p.Total, err, want)
			}
		}
		var last store.Incident
		for i := range 20 {
			in, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: fmt.Sprintf("Disk of rack %d is full", i)}, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			last = in
		}
		find("rack 7", 2) // and 17
		find("RACK full", 20)
		find("nowhere", 0)
		_, err := s.UpdateIncident(ctx, admin, last.ID, 0, func(in *store.Incident) error {
			in.Title = "Fans are loud"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		find("rack", 19)
		find("fans loud", 1)
		find(last.ID+" loud", 1)
		find("inc-1 loud", 0)
	})
}

// TestSearchSeesOtherProcesses has a second process write with a clock that is
// half a minute slow.
func TestSearchSeesOtherProcesses(t *testing.T) {
	cfg := store.Config{Path: t.TempDir() + "/a.db"}
	here := storetest.With(t, cfg)
	cfg.Now = func() time.Time { return time.Now().Add(-30 * time.Second) }
	there := storetest.With(t, cfg)
	for i := range 3 {
		word := fmt.Sprint("word", i)
		if p, err := here.Incidents(t.Context(), store.Filter{Text: word}); err != nil || len(p.Items) != 0 {
			t.Fatalf("before: %d, %v", len(p.Items), err)
		}
		if _, _, err := there.CreateIncident(t.Context(), admin, store.Incident{Title: word}, "", nil); err != nil {
			t.Fatal(err)
		}
		if p, err := here.Incidents(t.Context(), store.Filter{Text: word}); err != nil || len(p.Items) != 1 {
			t.Errorf("after: %d, %v", len(p.Items), err)
		}
	}
}
