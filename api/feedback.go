package api

import (
	"context"
	"encoding/json"

	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/store"
)

type feedbackIn struct {
	Named

	Body struct {
		Verdict string `json:"verdict" enum:"right,wrong"`
		Node    string `json:"node,omitempty" maxLength:"300" doc:"The true cause, where it is known"`
		Fault   string `json:"fault,omitempty" maxLength:"100"`
		Note    string `json:"note,omitempty" maxLength:"4000"`
	}
}

type feedbackOut struct{ Body wire.Feedback }

func (s *Server) addFeedback(ctx context.Context, in *feedbackIn) (*feedbackOut, error) {
	i, err := s.c.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	by := s.actor(ctx)
	f, err := s.c.Store.AddFeedback(ctx, by, store.Feedback{
		Incident: i.ID, Attempt: i.Attempt, User: by.User, Verdict: in.Body.Verdict,
		Node: in.Body.Node, Fault: in.Body.Fault, Note: in.Body.Note,
	})
	if err != nil {
		return nil, err
	}
	return &feedbackOut{wire.FeedbackOf(f)}, nil
}

type feedbackListOut struct {
	Body struct {
		Items []wire.Feedback `json:"items"`
	}
}

func (s *Server) listFeedback(ctx context.Context, in *Named) (*feedbackListOut, error) {
	if _, err := s.c.Store.Incident(ctx, in.ID); err != nil {
		return nil, err
	}
	list, err := s.c.Store.FeedbackOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &feedbackListOut{}
	out.Body.Items = wire.Each(list, wire.FeedbackOf)
	return out, nil
}

// truth is what is known of a case for evaluation.
type truth struct {
	Healthy bool   `json:"healthy,omitempty" doc:"Nothing was wrong"`
	Node    string `json:"node,omitempty" maxLength:"300"`
	Fault   string `json:"fault,omitempty" maxLength:"100"`
}

type caseIn struct {
	Named
	Spoken

	Body truth
}

// makeCase keeps an incident, with what was true, to evaluate on.
func (s *Server) makeCase(ctx context.Context, in *caseIn) (*incidentOut, error) {
	i, err := s.c.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if i.Bundle == "" {
		return nil, errs.New(errs.Invalid, "incident %s has no recorded data to evaluate on", i.ID)
	}
	t := in.Body
	if t.Healthy == (t.Fault != "") {
		return nil, wrongValue("body", "give either the true fault, with its node where it is known, or healthy")
	}
	b, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	return s.setCase(ctx, i.ID, in.Spoken, true, b)
}

func (s *Server) dropCase(ctx context.Context, in *incidentIn) (*incidentOut, error) {
	return s.setCase(ctx, in.ID, in.Spoken, false, nil)
}

func (s *Server) setCase(ctx context.Context, id string, lang Spoken, on bool, t []byte) (*incidentOut, error) {
	if err := s.c.Store.SetCase(ctx, s.actor(ctx), id, on, t); err != nil {
		return nil, err
	}
	i, err := s.c.Store.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.incidentOut(i, lang), nil
}

type lessonsIn struct {
	System string `query:"system" maxLength:"300" doc:"As incidents name it; empty: incidents without one"`
}

// getLessons gives what was learned of a system as a file.
func (s *Server) getLessons(ctx context.Context, in *lessonsIn) (*fileOut, error) {
	if s.c.Lessons == nil {
		return nil, errs.New(errs.NotFound, "this service does not learn")
	}
	b, err := s.c.Lessons(ctx, in.System)
	if err != nil {
		return nil, err
	}
	return &fileOut{ContentType: "application/x-ndjson", Policy: csp, Disposition: `attachment; filename="lessons.jsonl"`, Body: b}, nil
}
