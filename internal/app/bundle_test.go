package app

import (
	"testing"
	"time"

	"triagent/store"
)

// A worker that takes over from one that died in the middle finds the bundle
// that the other has made, and makes its own.
func TestBundleAfterACrash(t *testing.T) {
	r := newRig(t, Settings{})
	in, _, err := r.svc.store.CreateIncident(t.Context(), robot, store.Incident{
		Title: "db-1 is slow", Nodes: []string{"db-1"}, Source: "api", Started: time.Now(), Progress: store.Done,
	}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	job := store.Job{Incident: in.ID, Attempt: 1}
	paths := map[string]bool{}
	for job.Takes = 1; job.Takes <= 3; job.Takes++ {
		path, done, err := r.svc.bundle(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		if done != nil {
			done()
		}
		paths[path] = true
		if now, err := r.svc.store.Incident(t.Context(), in.ID); err != nil || now.Bundle == "" {
			t.Fatalf("%+v, %v", now, err)
		}
		if job.Takes == 2 {
			job.Bundle = "" // it died before it could note the bundle
		}
	}
	if len(paths) != 3 {
		t.Errorf("paths %v", paths)
	}
}
