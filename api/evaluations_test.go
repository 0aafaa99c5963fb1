package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"triagent/api"
	"triagent/eval"
	"triagent/eval/score"
)

// reportOf is the report of a run over three cases, of which the first two are
// right if good says so.
func reportOf(t *testing.T, good bool) []byte {
	t.Helper()
	row := func(id string) *score.Row {
		return &score.Row{
			Case: id, Nodes: 3, Truth: []score.Cause{{Node: "n1", Fault: "cpu_saturation", Accept: []string{"cpu"}}},
			Causes: []score.Cause{{Node: "n1", Fault: "cpu", Probability: 0.9}}, Verdict: "likely", Confidence: 0.8, Alarm: true,
		}
	}
	first, second := row("a"), row("b")
	if !good {
		second.Causes[0].Fault = "network_delay"
	}
	healthy := &score.Row{Case: "c", Healthy: true, Verdict: "healthy", Confidence: 0.9, Nodes: 3}
	rows := []*score.Row{first, second, healthy}
	r := eval.Report{Version: 1, Engine: eval.EngineID{Name: "builtin", Version: "0.1.0"}, Started: time.Now(), Sets: []eval.SetReport{{
		Name: "made", Cases: 3, Faulty: 2, Healthy: 1,
		Exact: eval.Part{Figures: score.Figures(rows, 1), Confusion: score.Confuse(rows), Reliability: score.Bins(rows), Rows: rows},
	}}}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type evaluator struct {
	report []byte
	err    error
	cases  chan int
}

func (e *evaluator) Run(_ context.Context, _ string, cases []api.Case, progress func(done, total int)) (json.RawMessage, error) {
	progress(1, 3)
	if e.cases != nil {
		e.cases <- len(cases)
	}
	return e.report, e.err
}

type evaluation struct {
	ID, Name, State, Error string
	Scores                 map[string]float64
	Groups                 []struct{ Figures []struct{ Key string } }
	Confusion              struct {
		Labels []string
		Rows   [][]int
	}
	Cases []struct {
		Case, Truth, Answer string
		Right               bool
	}
	Calibration []struct{ N int }
}

func TestEvaluationOfAReport(t *testing.T) {
	s := start(t, 0, nil)
	send := func(b []byte) evaluation {
		var e evaluation
		resp, text := s.do(http.MethodPost, "/api/v1/evaluations?name=mine", strings.NewReader(string(b)), "Content-Type", "application/json")
		if resp.StatusCode != http.StatusAccepted || json.Unmarshal(text, &e) != nil {
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
		return e
	}
	before, after := send(reportOf(t, false)), send(reportOf(t, true))
	var e evaluation
	s.get("/api/v1/evaluations/"+after.ID, &e)
	if e.State != "done" || len(e.Cases) != 3 || !e.Cases[0].Right || !e.Cases[2].Right || e.Cases[0].Truth != "n1: cpu_saturation" {
		t.Errorf("%+v", e)
	}
	if len(e.Scores) == 0 || len(e.Groups) != 1 || len(e.Calibration) != 10 || len(e.Confusion.Labels) != len(e.Confusion.Rows) {
		t.Errorf("%+v", e)
	}
	var c struct {
		Cases, Better, Worse int
		Changes              []struct {
			Case   string
			Better bool
		}
	}
	s.get("/api/v1/evaluations/"+before.ID+"/compare/"+after.ID, &c)
	if c.Cases != 3 || c.Better != 1 || c.Worse != 0 || len(c.Changes) != 1 || c.Changes[0].Case != "b" {
		t.Errorf("%+v", c)
	}
	for body, want := range map[string]int{`{"sets":[]}`: 422, `{"version":1,"sets":{}}`: 422, `[]`: 400, `{"set":"everything"}`: 422, `{"set":"demo"}`: 422, ``: 400} {
		if r, b := s.do(http.MethodPost, "/api/v1/evaluations", strings.NewReader(body), "Content-Type", "application/json"); r.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", body, r.StatusCode, b, want)
		}
	}
	if r, _ := s.do(http.MethodDelete, "/api/v1/evaluations/"+before.ID, nil); r.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %d", r.StatusCode)
	}
	if r, _ := s.do(http.MethodGet, "/api/v1/evaluations/"+before.ID, nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("afterwards: %d", r.StatusCode)
	}
}

func TestEvaluationIsRun(t *testing.T) {
	e := &evaluator{report: reportOf(t, true), cases: make(chan int, 1)}
	s := start(t, 0, func(c *api.Config) { c.Evaluator = e })
	id := s.upload(0)
	if r, b := s.do(http.MethodPost, "/api/v1/incidents/"+id+"/case", strings.NewReader(`{"healthy":true}`), "Content-Type", "application/json"); r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, b)
	}
	run := func(state string) evaluation {
		r, b := s.do(http.MethodPost, "/api/v1/evaluations", strings.NewReader(`{"set":"cases","name":"nightly"}`), "Content-Type", "application/json")
		var v evaluation
		if r.StatusCode != http.StatusAccepted || json.Unmarshal(b, &v) != nil || v.State != "running" || v.Name != "nightly" {
			t.Fatalf("%d %s", r.StatusCode, b)
		}
		if n := <-e.cases; n != 1 {
			t.Errorf("run over %d cases", n)
		}
		eventually(t, "the end of the evaluation", func() bool {
			s.get(r.Header.Get("Location"), &v)
			return v.State == state
		})
		return v
	}
	if v := run("done"); len(v.Cases) != 3 {
		t.Errorf("%+v", v)
	}
	e.err = errors.New("disk full at /secret/place")
	if v := run("failed"); v.Error == "" || strings.Contains(v.Error, "secret") {
		t.Errorf("%+v", v)
	}
}

// TestOtherProcess sees what another process wrote to the same database.
func TestOtherProcess(t *testing.T) {
	dir := t.TempDir()
	mine, theirs := startIn(t, dir, 0, nil), startIn(t, dir, 0, nil)
	var list struct{ Items []struct{ ID string } }
	mine.get("/api/v1/incidents", &list)
	opened := false
	mine.follow("/api/v1/events", "", func(e event) bool {
		if e.Name == "hello" && !opened {
			opened = true
			time.AfterFunc(400*time.Millisecond, func() { theirs.upload(0) }) // once mine knows what was there
		}
		return e.Name == "incident"
	})
	mine.get("/api/v1/incidents", &list)
	if len(list.Items) != 1 {
		t.Errorf("%d incidents after the event", len(list.Items))
	}
}
