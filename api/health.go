package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"triagent/internal/errs"
)

type healthOut struct {
	Body struct {
		Status string `json:"status" enum:"ok"`
	}
}

func ok() *healthOut {
	out := &healthOut{}
	out.Body.Status = "ok"
	return out
}

// isAlive answers as long as the process does.
func (s *Server) isAlive(context.Context, *struct{}) (*healthOut, error) { return ok(), nil }

// isReady answers when the service can do its work.
func (s *Server) isReady(ctx context.Context, _ *struct{}) (*healthOut, error) {
	err := s.c.Store.Ping(ctx)
	if err == nil && s.c.Ready != nil {
		err = s.c.Ready(ctx)
	}
	if err != nil {
		return nil, &errs.Error{Op: "be ready", Kind: errs.Unavailable, Err: err}
	}
	return ok(), nil
}

func (s *Server) getMetrics(context.Context, *struct{}) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humachi.Unwrap(ctx)
		s.c.Metrics.ServeHTTP(w, r)
	}}, nil
}

func (s *Server) getOpenAPI(context.Context, *struct{}) (*fileOut, error) {
	return &fileOut{ContentType: "application/openapi+json", Body: s.document}, nil
}
