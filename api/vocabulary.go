package api

import (
	"context"

	"triagent/api/wire"
	"triagent/incident"
)

// Term is a value of a vocabulary with its name in the language asked for.
type Term struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type vocabularyOut struct {
	Body struct {
		Faults     []Term `json:"faults"`
		Roles      []Term `json:"roles"`
		Severities []Term `json:"severities"`
		Kinds      []Term `json:"kinds" doc:"Of evidence"`
	}
}

var (
	roles = []incident.Role{
		incident.Leader, incident.Follower, incident.ConfigLeader, incident.ConfigFollower, incident.Coordinator,
		incident.Witness, incident.Service, incident.Database, incident.Gateway, incident.UnknownRole,
	}
	kinds = []incident.Kind{incident.Metric, incident.Log, incident.Trace, incident.Occurred, incident.Placement, incident.Knowledge}
)

// getVocabulary names what fields with closed lists may hold.
func (s *Server) getVocabulary(_ context.Context, in *Spoken) (*vocabularyOut, error) {
	o := s.words(*in)
	out := &vocabularyOut{}
	b := &out.Body
	b.Faults = []Term{}
	if s.c.Knowledge != nil {
		for _, c := range s.c.Knowledge.Cards() {
			b.Faults = append(b.Faults, Term{string(c.Fault), o.Name("fault", string(c.Fault))})
		}
	}
	b.Roles = terms(o, "role", roles)
	b.Severities = terms(o, "severity", []string{"info", "warning", "major", "critical"})
	b.Kinds = terms(o, "kind", kinds)
	return out, nil
}

func terms[T ~string](o wire.Words, family string, values []T) []Term {
	return wire.Each(values, func(v T) Term { return Term{string(v), o.Name(family, string(v))} })
}
