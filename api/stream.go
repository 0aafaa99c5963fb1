package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/live"
	"triagent/api/wire"
	"triagent/report"
)

type allIn struct {
	Spoken
	Direct

	Last string `header:"Last-Event-ID" maxLength:"40" doc:"Not used: fetch again after a reconnect"`
}

type helloEvent struct {
	Revision int64     `json:"revision"`
	At       wire.Time `json:"at"`
}

// followAll streams what changes anywhere.
func (s *Server) followAll(ctx context.Context, in *allIn) (*huma.StreamResponse, error) {
	revision, err := s.c.Store.Revision(ctx)
	if err != nil {
		return nil, err
	}
	sub, err := s.hub.Subscribe(topicAll(langOf(in.Lang, in.Accept)))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer sub.Close()
		ctx, end := s.watching(ctx)
		defer end()
		s.streamed(in.r, s.pass(ctx, in.w, sub, revision))
	}}, nil
}

func topicAll(l report.Lang) string { return "all/" + string(l) }

// pass hands frames on until the page, its right or the service ends.
func (s *Server) pass(ctx context.Context, rw http.ResponseWriter, sub *live.Sub, revision int64) error {
	w, err := live.NewWriter(rw, retryAfter(s.hub.Count()))
	if err != nil {
		return err
	}
	hello, err := live.FrameOf("hello", "", helloEvent{revision, wire.Time(time.Now())})
	if err != nil {
		return err
	}
	if err := w.Write(hello); err != nil {
		return err
	}
	for {
		n, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		if n.Ping {
			if s.c.Still != nil && !s.c.Still(ctx) {
				return nil
			}
			if len(n.Frames) == 0 {
				n.Frames = [][]byte{live.Ping}
			}
		}
		if len(n.Frames) == 0 {
			continue
		}
		if err := w.Write(n.Frames...); err != nil {
			return err
		}
	}
}
