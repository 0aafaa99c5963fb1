package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/live"
	"triagent/report"
)

type followIn struct {
	Named
	Spoken
	Direct

	Last string `header:"Last-Event-ID" maxLength:"40" doc:"ID of the last event that was seen: <attempt>-<n>"`
}

// followIncident streams what a diagnosis tells and how the incident changes.
func (s *Server) followIncident(ctx context.Context, in *followIn) (*huma.StreamResponse, error) {
	if _, err := s.c.Store.Incident(ctx, in.ID); err != nil {
		return nil, err
	}
	sub, err := s.hub.Subscribe("incident/" + in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer sub.Close()
		ctx, end := s.watching(ctx)
		defer end()
		f := &follower{s: s, room: s.steps.enter(in.ID), sub: sub, lang: langOf(in.Lang, in.Accept)}
		defer s.steps.leave(f.room)
		f.attempt, f.after, f.resumed = live.ParseID(in.Last)
		s.streamed(in.r, f.run(ctx, in.w))
	}}, nil
}

// watching is the context of a stream: it ends with the right to read it.
func (s *Server) watching(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.c.Follow == nil {
		return context.WithCancel(ctx)
	}
	return s.c.Follow(ctx)
}

// streamed notes why a stream ended, where that is worth it: pages come and go.
func (s *Server) streamed(r *http.Request, err error) {
	if err == nil || r.Context().Err() != nil || errors.Is(err, live.ErrOver) || errors.Is(err, live.ErrSlow) {
		return
	}
	s.c.Log.DebugContext(r.Context(), "a stream ended", slog.String("request_id", RequestID(r.Context())), slog.Any("error", err))
}

// follower is one page that follows an incident.
type follower struct {
	s    *Server
	room *room
	sub  *live.Sub
	w    *live.Writer
	lang report.Lang

	attempt, after int
	resumed        bool // the page knows events of attempt up to after
	place          chunkKey
	state          stateEvent
	version        int64
}

// stateEvent is where a diagnosis stands.
type stateEvent struct {
	Progress string `json:"progress"`
	Attempt  int    `json:"attempt"`
	Position int    `json:"position" doc:"In the queue; 0: none ahead"`
	Version  int64  `json:"version"`
}

type resetEvent struct {
	Attempt int `json:"attempt"`
}

func (f *follower) run(ctx context.Context, w http.ResponseWriter) error {
	var err error
	if f.w, err = live.NewWriter(w, retryAfter(f.s.hub.Count())); err != nil {
		return err
	}
	for first := true; ; first = false {
		if err := f.catchUp(ctx, first); err != nil {
			return err
		}
		n, err := f.sub.Next(ctx)
		if err != nil {
			return err
		}
		if n.Ping {
			if f.s.c.Still != nil && !f.s.c.Still(ctx) {
				return nil
			}
			if err := f.w.Write(live.Ping); err != nil {
				return err
			}
		}
	}
}

// catchUp sends what the page does not have yet.
func (f *follower) catchUp(ctx context.Context, first bool) error {
	n, err := f.room.look(ctx, f.s)
	if err != nil {
		return err
	}
	i := n.incident
	if err := f.begin(i.Attempt, first); err != nil {
		return err
	}
	state := stateEvent{Progress: string(i.Progress), Attempt: i.Attempt, Position: n.position, Version: i.Version}
	if state != f.state {
		if err := f.send("state", state); err != nil {
			return err
		}
		f.state = state
	}
	if err := f.steps(ctx); err != nil {
		return err
	}
	if i.Version != f.version && !first {
		frame, err := f.room.frame(n, f.s.wordsIn(f.lang))
		if err != nil {
			return err
		}
		if err := f.w.Write(frame); err != nil {
			return err
		}
	}
	f.version = i.Version
	return nil
}

// begin tells the page to drop what it has when another attempt is the current
// one.
func (f *follower) begin(attempt int, first bool) error {
	if first && !f.resumed {
		f.attempt, f.after = attempt, 0
	}
	if attempt == f.attempt {
		return nil
	}
	return f.reset(attempt)
}

func (f *follower) reset(attempt int) error {
	f.attempt, f.after, f.resumed = attempt, 0, false
	f.place = chunkKey{}
	return f.send("reset", resetEvent{attempt})
}

// steps sends the events that came since.
func (f *follower) steps(ctx context.Context) error {
	if f.attempt == 0 {
		return nil
	}
	if f.resumed {
		f.resumed = false
		if err := f.find(ctx); err != nil {
			return err
		}
	}
	for {
		c, err := f.room.read(ctx, f.s, f.key())
		if err != nil {
			return err
		}
		if len(c.frames) == 0 {
			return f.begunAnew(ctx)
		}
		if err := f.w.Write(c.frames); err != nil {
			return err
		}
		f.after, f.place.stage = c.last, c.stage
		if !c.full {
			return nil
		}
	}
}

func (f *follower) key() chunkKey {
	return chunkKey{attempt: f.attempt, after: f.after, lang: f.lang, stage: f.place.stage}
}

// find finds the stage that the events of a page that resumes are in. A page
// that knows more than there is gets everything again.
func (f *follower) find(ctx context.Context) error {
	k := chunkKey{attempt: f.attempt, lang: f.lang}
	for k.after < f.after {
		c, err := f.room.read(ctx, f.s, k)
		if err != nil {
			return err
		}
		if len(c.frames) == 0 {
			return f.reset(f.attempt)
		}
		if c.last > f.after {
			// Within a chunk: its end may be in a later stage, so read up to here.
			return f.findWithin(ctx, k)
		}
		k.after, k.stage = c.last, c.stage
	}
	f.place.stage = k.stage
	return nil
}

func (f *follower) findWithin(ctx context.Context, k chunkKey) error {
	traces, err := f.s.c.Store.Traces(ctx, f.room.id, k.attempt, k.after, f.after-k.after)
	if err != nil {
		return err
	}
	c := &chunk{stage: k.stage}
	for _, t := range traces {
		if err := c.add(t, f.s.wordsIn(f.lang)); err != nil {
			return err
		}
	}
	f.place.stage = c.stage
	return nil
}

// begunAnew resets the page if the attempt was begun anew by another worker:
// what it has seen last is not there any more.
func (f *follower) begunAnew(ctx context.Context) error {
	if f.after == 0 {
		return nil
	}
	c, err := f.room.read(ctx, f.s, chunkKey{attempt: f.attempt, after: f.after - 1, lang: f.lang})
	if err != nil || len(c.frames) > 0 {
		return err
	}
	return f.reset(f.attempt)
}

func (f *follower) send(event string, v any) error {
	frame, err := live.FrameOf(event, "", v)
	if err != nil {
		return err
	}
	return f.w.Write(frame)
}
