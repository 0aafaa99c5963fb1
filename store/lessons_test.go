package store_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

// What people say of incidents is listed with what was learned of it, the newest
// word first.
func TestTaught(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		silent, told, kept := upload(t, s, store.Major), upload(t, s, store.Major), upload(t, s, store.Major)
		for _, f := range []store.Feedback{{Verdict: "right"}, {Verdict: "wrong", Node: "db", Fault: "disk_full"}} {
			f.Incident = told.ID
			if _, err := s.AddFeedback(ctx, admin, f); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetCase(ctx, admin, kept.ID, true, []byte(`{"node":"db"}`)); err != nil {
			t.Fatal(err)
		}
		list, err := s.Taught(ctx, 10)
		if err != nil || len(list) != 2 || list[0].Incident != kept.ID || list[1].Incident != told.ID {
			t.Fatalf("%+v, %v; %s is not among them", list, err, silent.ID)
		}
		if k := list[0]; !k.Case || string(k.Truth) != `{"node":"db"}` || time.Since(k.TruthAt) > time.Minute || k.Said.ID != 0 || k.Lesson.From != "" {
			t.Errorf("the case: %+v", k)
		}
		if f := list[1]; f.Said.Verdict != "wrong" || f.Said.Node != "db" || f.Said.Fault != "disk_full" || f.Said.Attempt != 1 || f.Case || f.Truth != nil {
			t.Errorf("what was said: %+v", f)
		}
		if err := s.SetCase(ctx, admin, kept.ID, false, nil); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Taught(ctx, 10); err != nil || len(list) != 1 {
			t.Errorf("without the case: %+v, %v", list, err)
		}
	})
}

// begin begins the lesson of an incident as it stands.
func begin(t *testing.T, s *store.Store, id, from string) store.Lesson {
	t.Helper()
	had := store.Lesson{Incident: id}
	list, err := s.Taught(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Incident == id {
			had = x.Lesson
		}
	}
	l, ok, err := s.BeginLesson(t.Context(), had, from)
	if err != nil || !ok {
		t.Fatalf("begin: %v, %v", ok, err)
	}
	return l
}

func keys(t *testing.T, s *store.Store) []store.LessonKey {
	t.Helper()
	k, err := s.LessonKeys(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A lesson is made by who began it last; what it is made of anew is forgotten at
// once, tries are counted.
func TestLesson(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in := upload(t, s, store.Major)
		first := begin(t, s, in.ID, "one")
		if _, ok, err := s.BeginLesson(ctx, store.Lesson{Incident: in.ID}, "one"); ok || err != nil {
			t.Errorf("two processes began it: %v", err)
		}
		second := begin(t, s, in.ID, "one")
		if first.Tries != 1 || second.Tries != 2 {
			t.Errorf("tries %d, %d", first.Tries, second.Tries)
		}
		if err := s.KeepLesson(ctx, first, []byte("late")); err != nil || len(keys(t, s)) != 0 {
			t.Errorf("who was overtaken kept it: %v", err)
		}
		before, _ := s.Revision(ctx)
		if err := s.KeepLesson(ctx, second, []byte("in time")); err != nil {
			t.Fatal(err)
		}
		if after, err := s.Revision(ctx); err != nil || after == before {
			t.Errorf("other processes do not hear of it: %v", err)
		}
		if list, err := s.Lessons(ctx, in.System, 10); err != nil || len(list) != 1 || string(list[0].Lesson) != "in time" || list[0].From != "one" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := s.Lessons(ctx, "elsewhere", 10); err != nil || len(list) != 0 {
			t.Errorf("of another system: %+v, %v", list, err)
		}
		third := begin(t, s, in.ID, "two")
		if third.Tries != 1 || len(keys(t, s)) != 0 {
			t.Errorf("of what is not true any more: %+v, %v", third, keys(t, s))
		}
		if err := s.FailLesson(ctx, third, "no such node", 3); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Taught(ctx, 10); err != nil || len(list) != 1 || list[0].Lesson.Error != "no such node" || list[0].Lesson.Tries != 3 || list[0].Lesson.Made {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// Lessons go with their incidents, and when they are dropped.
func TestLessonGoes(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var made []store.Lesson
		for range 3 {
			in := upload(t, s, store.Major)
			l := begin(t, s, in.ID, "x")
			if err := s.KeepLesson(ctx, l, []byte("x")); err != nil {
				t.Fatal(err)
			}
			made = append(made, l)
		}
		stale := made[1]
		stale.From = "y"
		if err := s.DropLessons(ctx, []store.Lesson{made[0], stale}); err != nil || len(keys(t, s)) != 2 {
			t.Errorf("%v, %v", keys(t, s), err)
		}
		job, ok, err := s.Take(ctx, "w", time.Minute)
		if err != nil || !ok || job.Incident != made[0].Incident {
			t.Fatal(job, ok, err)
		}
		job, _, err = s.Take(ctx, "w", time.Minute)
		if err != nil || job.Incident != made[1].Incident {
			t.Fatal(job, err)
		}
		if err := s.Fail(ctx, job, errs.New(errs.Invalid, "no data")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateIncident(ctx, admin, job.Incident, 0, func(in *store.Incident) error { in.Status = store.Resolved; return nil }); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Expire(ctx, admin, time.Now().Add(time.Hour), 10); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if k := keys(t, s); len(k) != 1 || k[0].Incident != made[2].Incident {
			t.Errorf("%v", k)
		}
		if err := s.KeepLesson(ctx, made[1], []byte("x")); err != nil || len(keys(t, s)) != 1 {
			t.Errorf("a lesson of an incident that is gone was kept: %v", err)
		}
		if _, ok, err := s.BeginLesson(ctx, store.Lesson{Incident: made[1].Incident}, "x"); ok || err != nil {
			t.Errorf("one was begun: %v", err)
		}
	})
}

func TestLessonTooLarge(t *testing.T) {
	s := storetest.SQLite(t)
	l := begin(t, s, upload(t, s, store.Major).ID, "x")
	noise := bytes.Repeat([]byte{0}, 2<<20)
	_, _ = rand.Read(noise)
	if err := s.KeepLesson(t.Context(), l, noise); errs.KindOf(err) != errs.Exhausted {
		t.Errorf("%v, want kind exhausted", err)
	}
}
