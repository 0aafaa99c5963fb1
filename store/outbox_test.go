package store_test

import (
	"errors"
	"testing"
	"time"

	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func TestOutbox(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in := upload(t, s, store.Major)
		if _, err := s.UpdateIncident(ctx, admin, in.ID, 0, func(i *store.Incident) error { i.Status = store.Resolved; return nil }); err != nil {
			t.Fatal(err)
		}
		notices, err := s.NextNotices(ctx, 10)
		if err != nil || len(notices) != 2 || notices[0].Kind != "opened" || notices[1].Kind != "resolved" || notices[0].Incident != in.ID {
			t.Fatalf("notices %+v, %v", notices, err)
		}
		for _, n := range notices {
			for range 2 { // a second time changes nothing
				if err := s.Route(ctx, n.ID, []store.Delivery{{Channel: "c1"}, {Channel: "c2", State: "muted", Error: "quiet"}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if left, _ := s.NextNotices(ctx, 10); len(left) != 0 {
			t.Errorf("notices %+v are left", left)
		}
		first, err := s.TakeDeliveries(ctx, 10, time.Minute)
		if err != nil || len(first) != 1 || first[0].Notice.Kind != "opened" || first[0].Tries != 1 || first[0].Notice.Incident != in.ID {
			t.Fatalf("took %+v, %v, want only the older of one incident on one channel", first, err)
		}
		if more, err := s.TakeDeliveries(ctx, 10, time.Minute); len(more) != 0 || err != nil {
			t.Errorf("took %+v twice, %v", more, err)
		}
		if err := s.DeliveryFailed(ctx, first[0].ID, "busy", c.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Hour)
		again, err := s.TakeDeliveries(ctx, 10, time.Minute)
		if err != nil || len(again) != 1 || again[0].Tries != 2 || again[0].Error != "busy" {
			t.Fatalf("took %+v, %v", again, err)
		}
		c.pass(time.Hour) // who took it is gone
		again, err = s.TakeDeliveries(ctx, 10, time.Minute)
		if err != nil || len(again) != 1 || again[0].Tries != 3 {
			t.Fatalf("took %+v, %v", again, err)
		}
		if err := s.Delivered(ctx, again[0].ID, "ts=1"); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Receipt(ctx, in.ID, "c1"); r != "ts=1" || err != nil {
			t.Errorf("receipt %q, %v", r, err)
		}
		if r, err := s.Receipt(ctx, in.ID, "c2"); r != "" || err != nil {
			t.Errorf("receipt %q, %v of a channel that sent nothing", r, err)
		}
		next, err := s.TakeDeliveries(ctx, 10, time.Minute)
		if err != nil || len(next) != 1 || next[0].Notice.Kind != "resolved" {
			t.Fatalf("took %+v, %v", next, err)
		}
		if err := s.DeliveryFailed(ctx, next[0].ID, "refused", time.Time{}); err != nil {
			t.Fatal(err)
		}
		failed, _, err := s.Deliveries(ctx, store.DeliveryFilter{Incident: in.ID, State: "failed"})
		if err != nil || len(failed) != 1 || failed[0].Error != "refused" {
			t.Fatalf("failed %+v, %v", failed, err)
		}
		if err := s.RetryDelivery(ctx, admin, failed[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := s.RetryDelivery(ctx, admin, again[0].ID); errs.KindOf(err) != errs.Invalid {
			t.Errorf("retry of a sent one: %v", err)
		}
		if err := s.RetryDelivery(ctx, admin, 12345); errs.KindOf(err) != errs.NotFound {
			t.Errorf("retry of none: %v", err)
		}
		if next, _ = s.TakeDeliveries(ctx, 10, time.Minute); len(next) != 1 {
			t.Fatalf("took %+v after a retry", next)
		}
		if err := s.Mute(ctx, next[0].ID); err != nil {
			t.Error(err)
		}
		page, cursor, err := s.Deliveries(ctx, store.DeliveryFilter{Limit: 3})
		if err != nil || len(page) != 3 || cursor == "" {
			t.Fatalf("%d deliveries, %q, %v", len(page), cursor, err)
		}
		if page, cursor, err = s.Deliveries(ctx, store.DeliveryFilter{Limit: 3, After: cursor}); err != nil || len(page) != 1 || cursor != "" {
			t.Errorf("%d deliveries on the last page, %q, %v", len(page), cursor, err)
		}
		if err := s.AddNotice(ctx, store.Notice{Kind: "test", Detail: map[string]string{"a": "b"}}); err != nil {
			t.Error(err)
		}
		if err := s.AddNotice(ctx, store.Notice{Kind: "gossip"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a notice of no kind: %v", err)
		}
	})
}

func TestChannels(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, err := s.CreateChannel(ctx, admin, store.Channel{Name: "ops", Kind: "slack", Enabled: true, Config: []byte(`{}`)})
		if err != nil || c.Version != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := s.CreateChannel(ctx, admin, store.Channel{Name: "ops", Kind: "email"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a second name: %v", err)
		}
		old := c
		c.Name = "night"
		if c, err = s.UpdateChannel(ctx, admin, c); err != nil || c.Version != 2 {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := s.UpdateChannel(ctx, admin, old); !errors.Is(err, store.ErrStale) {
			t.Errorf("an old version: %v", err)
		}
		if _, err := s.UpdateChannel(ctx, admin, store.Channel{ID: "none", Version: 1}); errs.KindOf(err) != errs.NotFound {
			t.Errorf("none: %v", err)
		}
		if err := s.AddNotice(ctx, store.Notice{Kind: "test"}); err != nil {
			t.Fatal(err)
		}
		notices, _ := s.NextNotices(ctx, 1)
		if err := s.Route(ctx, notices[0].ID, []store.Delivery{{Channel: c.ID}}); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteChannel(ctx, admin, c.ID, 1); !errors.Is(err, store.ErrStale) {
			t.Errorf("delete of an old version: %v", err)
		}
		if err := s.DeleteChannel(ctx, admin, c.ID, 2); err != nil {
			t.Fatal(err)
		}
		if ds, err := s.TakeDeliveries(ctx, 1, time.Minute); len(ds) != 0 || err != nil {
			t.Errorf("took %+v for a channel that is gone, %v", ds, err)
		}
		if _, err := s.Channel(ctx, c.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a channel that is gone: %v", err)
		}
	})
}
