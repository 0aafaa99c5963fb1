package store_test

import (
	"testing"
	"time"

	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

// Old incidents go with all that belongs to them; open ones, cases, those under
// diagnosis and young ones stay.
func TestExpire(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		made := map[string]string{}
		for _, name := range []string{"old", "old too", "open", "case", "queued"} {
			in, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: name, Severity: store.Major, Source: "api"}, "", &store.Job{})
			if err != nil {
				t.Fatal(err)
			}
			made[name] = in.ID
		}
		for range 4 { // all but the last are diagnosed
			job, ok, err := s.Take(ctx, "w", time.Minute)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if err := s.Fail(ctx, job, errs.New(errs.Invalid, "no data")); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"old", "old too", "case", "queued"} {
			if _, err := s.UpdateIncident(ctx, admin, made[name], 0, func(in *store.Incident) error {
				in.Status, in.Resolved = store.Resolved, time.Now()
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetCase(ctx, admin, made["case"], true, []byte(`{"healthy":true}`)); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Expire(ctx, admin, time.Now().Add(-time.Hour), 10); n != 0 || err != nil {
			t.Errorf("nothing is an hour old: %d, %v", n, err)
		}
		if n, err := s.Expire(ctx, admin, time.Now().Add(time.Hour), 1); n != 1 || err != nil {
			t.Errorf("one at most: %d, %v", n, err)
		}
		if n, err := s.Expire(ctx, admin, time.Now().Add(time.Hour), 10); n != 1 || err != nil {
			t.Errorf("the other one: %d, %v", n, err)
		}
		for name, id := range made {
			_, err := s.Incident(ctx, id)
			if gone := errs.KindOf(err) == errs.NotFound; gone != (name == "old" || name == "old too") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, broken, err := s.VerifyAudit(ctx); n == 0 || broken != 0 || err != nil {
			t.Errorf("audit %d, %d, %v", n, broken, err)
		}
	})
}
