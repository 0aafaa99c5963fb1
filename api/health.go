package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"triagent/store"
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

// isReady answers when the service can do its work: read and write.
func (s *Server) isReady(ctx context.Context, _ *struct{}) (*healthOut, error) {
	why := "The database does not answer."
	err := s.c.Store.Ping(ctx)
	if err == nil {
		why, err = "The database cannot be written.", s.c.Store.Writable(ctx)
	}
	if errors.Is(err, store.ErrNoRoom) {
		why = "The disk is full: nothing can be written."
	}
	if err == nil && s.c.Ready != nil {
		why, err = saysUnavailable, s.c.Ready(ctx)
	}
	if err == nil {
		return ok(), nil
	}
	p := remedied(problem(http.StatusServiceUnavailable, why), or(sentence(remedyOf(err)), saysRemedy))
	p.cause, p.after = err, 5*time.Second
	return nil, p
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
