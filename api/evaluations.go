package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/store"
)

// maxReport is the size of an uploaded report.
const maxReport = 64 << 20

// evaluations runs evaluations, one after the other.
type evaluations struct {
	jobs chan store.Evaluation

	mu   sync.Mutex
	done map[string][2]int // running -> cases done, of how many
}

func newEvaluations() *evaluations {
	return &evaluations{jobs: make(chan store.Evaluation, 8), done: map[string][2]int{}}
}

// Evaluation is an evaluation in a list.
type Evaluation struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Set   string    `json:"set"`
	At    wire.Time `json:"at"`
	State string    `json:"state" enum:"running,done,failed"`
	Done  int       `json:"done" doc:"Cases that are done, while it runs"`
	Total int       `json:"total"`
	EvalSummary
}

func (s *Server) evaluation(e store.Evaluation) Evaluation {
	out := Evaluation{ID: e.ID, Name: e.Name, Set: e.Set, At: wire.Time(e.At), State: e.State}
	if len(e.Summary) > 0 {
		// What was written by another version may lack something: it is shown as far as it goes.
		_ = json.Unmarshal(e.Summary, &out.EvalSummary)
	}
	out.Sets = wire.List(out.Sets)
	if out.Scores == nil {
		out.Scores = map[string]float64{}
	}
	s.evals.mu.Lock()
	defer s.evals.mu.Unlock()
	n := s.evals.done[e.ID]
	out.Done, out.Total = n[0], n[1]
	return out
}

type evaluationsOut struct {
	Body struct {
		Items []Evaluation `json:"items"`
	}
}

func (s *Server) listEvaluations(ctx context.Context, _ *struct{}) (*evaluationsOut, error) {
	list, err := s.c.Store.Evaluations(ctx)
	if err != nil {
		return nil, err
	}
	out := &evaluationsOut{}
	out.Body.Items = wire.Each(list, s.evaluation)
	return out, nil
}

type evaluationOut struct {
	Location string `header:"Location"`
	Body     struct {
		Evaluation
		EvalDetail
	}
}

func (s *Server) getEvaluation(ctx context.Context, in *Named) (*evaluationOut, error) {
	e, err := s.c.Store.Evaluation(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.evaluationOut(e)
}

func (s *Server) evaluationOut(e store.Evaluation) (*evaluationOut, error) {
	out := &evaluationOut{Location: "/api/v1/evaluations/" + e.ID}
	out.Body.Evaluation = s.evaluation(e)
	r := &evalReport{}
	if e.State == "done" && len(e.Data) > 0 {
		if err := json.Unmarshal(e.Data, r); err != nil {
			return nil, &errs.Error{Op: "read evaluation " + e.ID, Kind: errs.Internal, Err: err}
		}
	}
	out.Body.EvalDetail = r.detail()
	return out, nil
}

type evaluateIn struct {
	Direct

	Name string `query:"name" maxLength:"200" doc:"How to call it"`
}

// evaluate keeps a report, or asks for an evaluation to be run.
func (s *Server) evaluate(ctx context.Context, in *evaluateIn) (*evaluationOut, error) {
	b, err := io.ReadAll(in.body(maxReport))
	if err != nil {
		return nil, err
	}
	var ask struct {
		Set  string          `json:"set"`
		Name string          `json:"name"`
		Sets json.RawMessage `json:"sets"`
	}
	if err := decode(b, &ask); err != nil {
		return nil, huma.Error400BadRequest("The body is no JSON object of the kind that is wanted: " + err.Error() + ".")
	}
	if ask.Sets != nil {
		return s.keepReport(ctx, or(oneLine(in.Name), "Uploaded report"), b)
	}
	if ask.Set != "cases" && ask.Set != "demo" {
		return nil, wrongValue("body.set", `use "cases" or "demo", or send the report of triagent eval run`)
	}
	if len(ask.Name) > 200 {
		return nil, wrongValue("body.name", "a name has up to 200 bytes")
	}
	if s.c.Evaluator == nil {
		return nil, errs.New(errs.Invalid, "this service does not run evaluations: send the report of triagent eval run")
	}
	e, err := s.c.Store.PutEvaluation(ctx, s.actor(ctx), store.Evaluation{
		Name: or(oneLine(or(in.Name, ask.Name)), "Evaluation of "+ask.Set), Set: ask.Set, State: "running",
	})
	if err != nil {
		return nil, err
	}
	select {
	case s.evals.jobs <- e:
		return s.evaluationOut(e)
	default:
		s.ended(context.WithoutCancel(ctx), e, nil, errs.New(errs.Unavailable, "too many evaluations wait already"))
		return nil, &errs.Error{Kind: errs.Unavailable, Err: errs.New(errs.Unavailable, "too many evaluations wait"), Remedy: "wait until one of them is done"}
	}
}

func (s *Server) keepReport(ctx context.Context, name string, b []byte) (*evaluationOut, error) {
	r, err := readReport(b)
	if err != nil {
		return nil, err
	}
	sum := r.summary()
	text, err := json.Marshal(sum)
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Err: err}
	}
	set := sum.Sets[0]
	if len(sum.Sets) > 1 {
		set = "several"
	}
	e, err := s.c.Store.PutEvaluation(ctx, s.actor(ctx), store.Evaluation{Name: name, Set: set, State: "done", Summary: text, Data: b})
	if err != nil {
		return nil, err
	}
	return s.evaluationOut(e)
}

// run runs what was asked for until ctx ends.
func (e *evaluations) run(ctx context.Context, s *Server) error {
	s.abandoned(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-e.jobs:
			report, err := s.runEvaluation(ctx, job)
			s.ended(context.WithoutCancel(ctx), job, report, err)
		}
	}
}

// abandoned ends the evaluations that the service was stopped in.
func (s *Server) abandoned(ctx context.Context) {
	list, err := s.c.Store.Evaluations(ctx)
	if err != nil {
		return // told by whoever asks for the list
	}
	for _, e := range list {
		if e.State == "running" {
			s.ended(ctx, e, nil, errs.New(errs.Unavailable, "the service was stopped while it ran"))
		}
	}
}

func (s *Server) runEvaluation(ctx context.Context, e store.Evaluation) ([]byte, error) {
	var cases []Case
	if e.Set == "cases" {
		list, err := s.c.Store.Cases(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			path, err := s.c.Store.BundlePath(c.Incident.Bundle)
			if err != nil {
				return nil, err
			}
			cases = append(cases, Case{ID: c.Incident.ID, Path: path, Truth: c.Truth})
		}
		if len(cases) == 0 {
			return nil, errs.New(errs.Invalid, "no incident is kept as a case yet")
		}
	}
	defer func() {
		s.evals.mu.Lock()
		defer s.evals.mu.Unlock()
		delete(s.evals.done, e.ID)
	}()
	return s.c.Evaluator.Run(ctx, e.Set, cases, func(done, total int) {
		s.evals.mu.Lock()
		defer s.evals.mu.Unlock()
		s.evals.done[e.ID] = [2]int{done, total}
	})
}

// ended keeps how an evaluation ended.
func (s *Server) ended(ctx context.Context, e store.Evaluation, report []byte, err error) {
	e.State, e.Data = "done", report
	sum := EvalSummary{Sets: []string{}, Scores: map[string]float64{}}
	if err == nil {
		var r *evalReport
		if r, err = readReport(report); err == nil {
			sum = r.summary()
		}
	}
	if err != nil {
		e.State, e.Data = "failed", nil
		sum.Error = or(problemOf(err).Detail, err.Error())
	}
	text, err := json.Marshal(sum)
	if err == nil {
		e.Summary = text
		_, err = s.c.Store.PutEvaluation(ctx, store.Actor{Name: "triagent"}, e)
	}
	if err != nil {
		s.c.Log.ErrorContext(ctx, "an evaluation could not be kept", slog.String("evaluation", e.ID), slog.Any("error", err))
	}
}

type compareIn struct {
	A string `path:"a" pattern:"^[A-Za-z0-9._-]{1,64}$"`
	B string `path:"b" pattern:"^[A-Za-z0-9._-]{1,64}$"`
}

type compareOut struct{ Body EvalComparison }

func (s *Server) compareEvaluations(ctx context.Context, in *compareIn) (*compareOut, error) {
	var reports [2]*evalReport
	var names [2]string
	for i, id := range []string{in.A, in.B} {
		e, err := s.c.Store.Evaluation(ctx, id)
		if err != nil {
			return nil, err
		}
		if reports[i], err = readReport(e.Data); err != nil {
			return nil, errs.New(errs.Invalid, "evaluation %s has no report: it is %s", id, e.State)
		}
		names[i] = e.Name
	}
	c, err := compareReports(reports[0], reports[1])
	if err != nil {
		return nil, err
	}
	c.Before, c.After = names[0], names[1]
	return &compareOut{c}, nil
}

func (s *Server) deleteEvaluation(ctx context.Context, in *Named) (*struct{}, error) {
	return nil, s.c.Store.DeleteEvaluation(ctx, s.actor(ctx), in.ID)
}
