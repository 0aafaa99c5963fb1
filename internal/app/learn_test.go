package app

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"time"

	"triagent/agents/casebook"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

// What people say of one incident tells the next one of its system, never the
// incident itself; corrected it tells the other thing, and it goes with the
// incident. Nothing learned is nothing changed.
func TestLearns(t *testing.T) {
	data := t.TempDir()
	var first, second string
	var untaught answered
	t.Run("before a restart", func(t *testing.T) {
		r := newRig(t, Settings{Data: data}).admin()
		first, second = r.hand(closeCall(1, 2)), r.hand(closeCall(2, 3))
		untaught = r.diagnosis(second)
		if untaught.fault != "cpu_saturation" || untaught.solved != 0 {
			t.Fatalf("untaught: %s, weighed with %d", untaught.fault, untaught.solved)
		}
		own := r.diagnosis(first)
		r.say(first, "wrong", "mill-2", "memory_saturation")
		r.learned(1)
		r.again(first)
		if now := r.diagnosis(first); now.bytes != own.bytes {
			t.Errorf("it was told its own answer:\n%s\n%s", own.bytes, now.bytes)
		}
		r.again(second)
		if d := r.diagnosis(second); d.node != "mill-3" || d.fault != "memory_saturation" || d.solved != 1 {
			t.Errorf("taught: %s at %s, weighed with %d", d.fault, d.node, d.solved)
		}
	})
	r := newRig(t, Settings{Data: data})
	var s struct {
		CSRF string `json:"csrf"`
	}
	r.want(http.StatusOK, "POST", "/session", map[string]string{"name": "admin", "password": adminPassword}, &s)
	r.csrf = s.CSRF
	r.again(second)
	if d := r.diagnosis(second); d.fault != "memory_saturation" || d.solved != 1 {
		t.Errorf("after a restart: %s, weighed with %d", d.fault, d.solved)
	}
	r.say(first, "right", "", "")
	r.learned(1)
	r.again(second)
	if d := r.diagnosis(second); d.fault != "cpu_saturation" || d.solved != 1 {
		t.Errorf("corrected: %s, weighed with %d", d.fault, d.solved)
	}
	if _, err := r.svc.store.UpdateIncident(t.Context(), robot, first, 0, func(in *store.Incident) error { in.Status = store.Resolved; return nil }); err != nil {
		t.Fatal(err)
	}
	if n, err := r.svc.store.Expire(t.Context(), robot, time.Now().Add(time.Hour), 1); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r.learned(0)
	r.again(second)
	if d := r.diagnosis(second); d.bytes != untaught.bytes {
		t.Errorf("it is not forgotten:\n%s\n%s", untaught.bytes, d.bytes)
	}
}

// A fault that no card knows is learned too, by the word that people have for it,
// and can be taken along as a file without names.
func TestLearnsOwnWord(t *testing.T) {
	t.Run(store.SQLite, func(t *testing.T) { learnOwnWord(t, Settings{}) })
	t.Run(store.PostgreSQL, func(t *testing.T) { learnOwnWord(t, Settings{Database: storetest.Postgres(t)}) })
}

func learnOwnWord(t *testing.T, set Settings) {
	r := newRig(t, set).admin()
	for i, m := range []mill{
		{seed: 1, bad: 1, cpu: 9},
		{seed: 2, bad: 2, cpu: 14, memory: 6},
		{seed: 3, bad: 3, cpu: 9, memory: 9},
		{seed: 4, bad: 1, cpu: 6, memory: 14},
		{seed: 5, bad: 2, cpu: 12, memory: -9},
		{seed: 6, bad: 3, cpu: 25},
	} {
		node := []string{"mill-1", "mill-2", "mill-3"}[i%3]
		r.want(http.StatusOK, "POST", "/incidents/"+r.hand(m)+"/case", map[string]string{"node": node, "fault": "worn spindle"}, nil)
	}
	r.learned(6)
	if d := r.diagnosis(r.hand(mill{seed: 9, bad: 2, cpu: 10, memory: 3})); d.node != "mill-2" || d.fault != "worn spindle" || d.solved != 6 {
		t.Errorf("%s at %s, weighed with %d", d.fault, d.node, d.solved)
	}
	a := r.call("GET", "/lessons?system=mill", nil, nil)
	cases, err := casebook.Read(bytes.NewReader(a.body), "lessons")
	if err != nil || a.status != http.StatusOK || len(cases) != 6 || bytes.Contains(a.body, []byte("mill-")) {
		t.Errorf("%d, %v, %d cases: %.300s", a.status, err, len(cases), a.body)
	}
	if other := r.call("GET", "/lessons?system=other", nil, nil); bytes.Count(other.body, []byte("\n")) != 1 {
		t.Errorf("of another system: %s", other.body)
	}
	if m := r.call("GET", "/metrics", nil, nil); !bytes.Contains(m.body, []byte(`triagent_lessons_total{outcome="made"} 6`)) {
		t.Error("the metrics do not count the lessons")
	}
}

// Switched off, nothing is learned and nothing asked; what was learned stays.
func TestLearnOff(t *testing.T) {
	off := false
	set := Settings{Data: t.TempDir()}
	set.Diagnosis.Learn = &off
	r := newRig(t, set).admin()
	first := r.hand(closeCall(1, 2))
	lesson := lessonOf(t, r.svc, first)
	r.say(first, "right", "", "")
	if d := r.diagnosis(r.hand(closeCall(2, 3))); d.fault != "cpu_saturation" || d.solved != 0 {
		t.Errorf("%s, weighed with %d", d.fault, d.solved)
	}
	if keys, err := r.svc.store.LessonKeys(t.Context(), "mill", 10); err != nil || !slices.Equal(keys, []store.LessonKey{lesson}) {
		t.Errorf("%v, %v", keys, err)
	}
}

// lessonOf makes a lesson by hand.
func lessonOf(t *testing.T, s *Service, id string) store.LessonKey {
	t.Helper()
	l, ok, err := s.store.BeginLesson(t.Context(), store.Lesson{Incident: id}, "hand")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	in, err := s.store.Incident(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.learner.make(t.Context(), due{
		taught: store.Taught{Incident: id, Bundle: in.Bundle}, said: said{node: "mill-2", fault: "memory_saturation"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.KeepLesson(t.Context(), l, text); err != nil {
		t.Fatal(err)
	}
	return store.LessonKey{Incident: id, From: "hand"}
}

// What cannot be learned is tried once, and what the disk denies three times.
func TestLearnGivesUp(t *testing.T) {
	r := newRig(t, Settings{}).admin()
	id := r.hand(closeCall(1, 2))
	r.say(id, "wrong", "no such node", "disk_full")
	r.learned(0)
	all, err := r.svc.store.Taught(t.Context(), 10)
	if err != nil || len(all) != 1 || all[0].Lesson.Tries != maxTries || all[0].Lesson.Error == "" || all[0].Lesson.Made {
		t.Errorf("%+v, %v", all, err)
	}
	taught := all[0]
	taught.Bundle = "gone.tar.gz"
	if _, err := r.svc.learner.make(t.Context(), due{taught: taught, said: said{node: "mill-2", fault: "disk_full"}}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a bundle that is gone: %v", err)
	}
}

func TestSaidOf(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	word := func(verdict, node, fault string) store.Feedback {
		return store.Feedback{ID: 1, Attempt: 4, Verdict: verdict, Node: node, Fault: fault, At: early}
	}
	truth := []byte(`{"node":"db","fault":"disk_full"}`)
	for _, tt := range []struct {
		name string
		give store.Taught
		want said
		ok   bool
	}{
		{"nobody said anything", store.Taught{}, said{}, false},
		{"right", store.Taught{Said: word("right", "", "")}, said{attempt: 4}, true},
		{"wrong", store.Taught{Said: word("wrong", "", "")}, said{}, false},
		{"wrong, who", store.Taught{Said: word("wrong", "db", "")}, said{}, false},
		{"wrong, how", store.Taught{Said: word("wrong", "", "disk_full")}, said{}, false},
		{"wrong, who and how", store.Taught{Said: word("wrong", " db ", "disk_full")}, said{node: "db", fault: "disk_full"}, true},
		{"wrong, nothing was", store.Taught{Said: word("wrong", "db", "none")}, said{}, false},
		{"wrong, nobody knows", store.Taught{Said: word("wrong", "db", "unknown")}, said{}, false},
		{"case", store.Taught{Case: true, Truth: truth}, said{node: "db", fault: "disk_full"}, true},
		{"healthy case", store.Taught{Case: true, Truth: []byte(`{"healthy":true}`)}, said{}, false},
		{"case without a node", store.Taught{Case: true, Truth: []byte(`{"fault":"disk_full"}`)}, said{}, false},
		{"case that cannot be read", store.Taught{Case: true, Truth: []byte(`{`)}, said{}, false},
		{"word after the case", store.Taught{Case: true, Truth: truth, TruthAt: time.Unix(0, 1), Said: word("right", "", "")}, said{attempt: 4}, true},
		{"case after the word", store.Taught{Case: true, Truth: truth, TruthAt: late, Said: word("right", "", "")}, said{node: "db", fault: "disk_full"}, true},
		{"no case any more", store.Taught{TruthAt: late, Said: word("right", "", "")}, said{attempt: 4}, true},
	} {
		got, ok := saidOf(tt.give)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestPlanOf(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	taught := func(id, bundle, fault string, l store.Lesson) store.Taught {
		l.Incident = id
		return store.Taught{Incident: id, System: "s", Bundle: bundle, Said: store.Feedback{ID: 1, Verdict: "wrong", Node: "n", Fault: fault}, Lesson: l}
	}
	from := func(t store.Taught) string { s, _ := saidOf(t); return madeFrom(t, s) }
	is := from(taught("", "b", "f", store.Lesson{}))
	if is == from(taught("", "b2", "f", store.Lesson{})) || is == from(taught("", "b", "f2", store.Lesson{})) {
		t.Error("what it is made of does not tell it apart")
	}
	for _, tt := range []struct {
		name           string
		give           store.Taught
		drop, due, not bool
	}{
		{"new", taught("a", "b", "f", store.Lesson{}), false, true, false},
		{"made", taught("a", "b", "f", store.Lesson{From: is, Tries: 1, Made: true, Tried: now}), false, false, false},
		{"made of another word", taught("a", "b", "g", store.Lesson{From: is, Tries: 1, Made: true}), true, true, false},
		{"made of other data", taught("a", "c", "f", store.Lesson{From: is, Tries: 3}), true, true, false},
		{"no word any more", taught("a", "b", "", store.Lesson{From: is, Made: true}), true, false, false},
		{"no data", taught("a", "", "f", store.Lesson{}), false, false, false},
		{"begun just now", taught("a", "b", "f", store.Lesson{From: is, Tries: 1, Tried: now.Add(-time.Minute)}), false, false, true},
		{"begun long ago", taught("a", "b", "f", store.Lesson{From: is, Tries: 2, Tried: now.Add(-time.Hour)}), false, true, false},
		{"given back", taught("a", "b", "f", store.Lesson{From: is, Tries: 0, Tried: now}), false, true, false},
		{"given up", taught("a", "b", "f", store.Lesson{From: is, Tries: 3}), false, false, false},
	} {
		p := planOf([]store.Taught{tt.give}, now)
		if len(p.drop) == 1 != tt.drop || len(p.due) == 1 != tt.due || p.next.IsZero() == tt.not {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
	var many []store.Taught
	for range maxLessons + 5 {
		many = append(many, taught("a", "b", "f", store.Lesson{From: is, Made: true}))
	}
	if p := planOf(many, now); len(p.drop) != 5 || len(p.due) != 0 {
		t.Errorf("of too many %d are dropped, %d made", len(p.drop), len(p.due))
	}
}
