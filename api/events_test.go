package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/store"
)

func isClosed(e event) bool { return e.Name == "step" && strings.Contains(e.Data, `"kind":"closed"`) }

// steps picks the events of the diagnosis.
func steps(all []event) []event {
	var out []event
	for _, e := range all {
		if e.Name == "step" {
			out = append(out, e)
		}
	}
	return out
}

// TestResume breaks a stream off at several places and goes on: nothing is lost,
// nothing comes twice, and stages are right.
func TestResume(t *testing.T) {
	s := start(t, 1, nil)
	id := s.upload(0)
	s.diagnosed(id)
	path := "/api/v1/incidents/" + id + "/events"
	whole := steps(s.follow(path, "", isClosed))
	for i, e := range whole {
		if want := "1-" + strconv.Itoa(i+1); e.ID != want {
			t.Fatalf("event %d has the ID %s, want %s", i, e.ID, want)
		}
	}
	for _, cut := range []int{1, 7, len(whole) / 2, len(whole) - 1} {
		rest := s.follow(path, whole[cut-1].ID, isClosed)
		for _, e := range rest {
			if e.Name == "reset" {
				t.Errorf("after %d: reset", cut)
			}
		}
		got := steps(rest)
		if len(got) != len(whole)-cut {
			t.Fatalf("after %d of %d: %d events", cut, len(whole), len(got))
		}
		for i, e := range got {
			if e != whole[cut+i] {
				t.Fatalf("after %d: event %d is\n%s\nwant\n%s", cut, i, e.Data, whole[cut+i].Data)
			}
		}
	}
	for _, last := range []string{"7-3", "1-100000"} { // of an attempt, or an event, that is not there
		rest := s.follow(path, last, isClosed)
		if rest[0].Name != "reset" && rest[1].Name != "reset" {
			t.Errorf("after %s: no reset among %q, %q", last, rest[0].Name, rest[1].Name)
		}
		if len(steps(rest)) != len(whole) {
			t.Errorf("after %s: %d events, want all %d", last, len(steps(rest)), len(whole))
		}
	}
	if zh := steps(s.follow(path+"?lang=zh", "", isClosed)); len(zh) != len(whole) || zh[0].Data == whole[0].Data {
		t.Error("the stream in Chinese is not in Chinese")
	}
}

// TestResetOnNewAttempt diagnoses again while a page follows.
func TestResetOnNewAttempt(t *testing.T) {
	s := start(t, 1, nil)
	id := s.upload(0)
	s.diagnosed(id)
	asked, reset := false, false
	all := s.follow("/api/v1/incidents/"+id+"/events", "", func(e event) bool {
		if isClosed(e) && !asked {
			asked = true
			if r, b := s.do(http.MethodPost, "/api/v1/incidents/"+id+"/diagnose", nil); r.StatusCode != http.StatusAccepted {
				t.Errorf("%d %s", r.StatusCode, b)
			}
			return false
		}
		reset = reset || e.Name == "reset" && e.Data == `{"attempt":2}`
		return isClosed(e) && strings.HasPrefix(e.ID, "2-")
	})
	if !reset {
		t.Errorf("no reset among %d events", len(all))
	}
	var list struct {
		Items []struct {
			Attempt int
			State   string
		}
	}
	eventually(t, "two attempts that are done", func() bool {
		s.get("/api/v1/incidents/"+id+"/attempts", &list)
		return len(list.Items) == 2 && list.Items[0].State == "done" && list.Items[1].State == "done"
	})
}

// TestPosition says how many diagnoses come before.
func TestPosition(t *testing.T) {
	s := start(t, 0, nil)
	s.upload(0)
	id := s.upload(1)
	all := s.follow("/api/v1/incidents/"+id+"/events", "", func(e event) bool { return e.Name == "state" })
	var st struct {
		Progress          string
		Attempt, Position int
	}
	if err := json.Unmarshal([]byte(all[0].Data), &st); err != nil || st.Progress != "queued" || st.Position != 1 || st.Attempt != 1 {
		t.Errorf("%s: %v", all[0].Data, err)
	}
}

// TestChanges watches the whole service while incidents come in and change.
func TestChanges(t *testing.T) {
	s := start(t, 1, nil)
	opened := false
	seen := map[string]bool{}
	s.follow("/api/v1/events?lang=en", "", func(e event) bool {
		seen[e.Name] = true
		if e.Name == "hello" && !opened {
			opened = true
			s.upload(0)
		}
		return seen["queue"] && e.Name == "incident" && strings.Contains(e.Data, `"progress":"done"`)
	})
	for _, name := range []string{"hello", "incident", "queue"} {
		if !seen[name] {
			t.Errorf("no event %s", name)
		}
	}
}

// TestStorm repeats one alert until the pages are told that it is a storm.
func TestStorm(t *testing.T) {
	s := start(t, 0, nil)
	at := time.Now()
	repeat := func() string {
		got, err := s.keep.TakeAlerts(t.Context(), []store.Placed{{
			Alert: store.Alert{Source: "alertmanager", Fingerprint: "a", Name: "HighLatency", Severity: store.Major, Starts: at},
			Open:  &store.Incident{Title: "Latency", Source: "alertmanager", Key: "a"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Incident
	}
	id := repeat()
	all := s.follow("/api/v1/events", "", func(e event) bool {
		if e.Name == "storm" {
			return true
		}
		for range 20 { // at the hello, and with each event that this brings
			repeat()
		}
		return false
	})
	var storm struct {
		Incident string
		Folded   int64
		Firing   int
		Rate     int64 `json:"per_minute"`
	}
	data := all[len(all)-1].Data
	if err := json.Unmarshal([]byte(data), &storm); err != nil || storm.Incident != id || storm.Firing != 1 || storm.Folded < 20 || storm.Rate < 120 {
		t.Errorf("%s, %v: want more than 120 a minute of %s", data, err, id)
	}
}

// TestBoundedRate changes one incident as fast as it goes: a page hears of it at
// most five times a second, and of the last change in any case.
func TestBoundedRate(t *testing.T) {
	s := start(t, 0, nil)
	id := s.upload(0)
	begun := time.Now()
	var last int64
	opened, events := false, 0
	s.follow("/api/v1/events", "", func(e event) bool {
		if e.Name == "hello" && !opened {
			opened = true
			for range 300 {
				i, err := s.keep.UpdateIncident(t.Context(), store.Actor{}, id, 0, func(i *store.Incident) error {
					i.Title += "."
					if len(i.Title) > 200 {
						i.Title = "x"
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				last = i.Version
			}
		}
		if e.Name != "incident" {
			return false
		}
		events++
		var i struct{ Version int64 }
		return json.Unmarshal([]byte(e.Data), &i) == nil && i.Version == last
	})
	if most := 2 + int(time.Since(begun)/(200*time.Millisecond)); events > most {
		t.Errorf("%d events in %v", events, time.Since(begun))
	}
}
