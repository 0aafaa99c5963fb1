package api

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"triagent/api/live"
	"triagent/api/wire"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/report"
	"triagent/store"
)

// Bounds of what is kept of an incident that pages follow.
const (
	stepChunk = 256     // events that are read at once
	roomBytes = 4 << 20 // laid out events
)

// steps are the rooms of the incidents that pages follow. All who follow one
// share what is read and laid out, so that many cost what one costs.
type steps struct {
	mu    sync.Mutex
	rooms map[string]*room
}

func newSteps() *steps { return &steps{rooms: map[string]*room{}} }

// enter returns the room of an incident; leave it in the end.
func (s *steps) enter(id string) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[id]
	if r == nil {
		r = &room{id: id, chunks: map[chunkKey]*chunk{}}
		s.rooms[id] = r
	}
	r.guests++
	return r
}

func (s *steps) leave(r *room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.guests--; r.guests == 0 {
		delete(s.rooms, r.id)
	}
}

// stale says that an incident, or what its diagnosis told, has changed.
func (s *steps) stale(id string) {
	s.mu.Lock()
	r := s.rooms[id]
	s.mu.Unlock()
	if r != nil {
		r.turn()
	}
}

// busy returns the incidents that are followed and whose diagnosis is not over.
func (s *steps) busy() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, r := range s.rooms {
		if r.unfinished() {
			out = append(out, id)
		}
	}
	return out
}

// room is what those who follow an incident share. Its lock is held while it
// reads: they all wait for the same.
type room struct {
	id     string
	guests int // guarded by steps.mu

	genLock sync.Mutex
	gen     int64
	open    bool // the diagnosis is not over

	mu     sync.Mutex
	now    *snapshot
	chunks map[chunkKey]*chunk
	bytes  int
}

type chunkKey struct {
	attempt, after int
	lang           report.Lang
	stage          incident.Stage
}

// chunk is a run of laid out events.
type chunk struct {
	gen    int64
	frames []byte
	last   int // number of the last event; that before if there is none
	stage  incident.Stage
	full   bool // there may be more
}

// snapshot is an incident with its place in the queue.
type snapshot struct {
	gen      int64
	incident store.Incident
	position int
	shown    map[report.Lang][]byte // laid out, when it was needed
}

func (r *room) turn() {
	r.genLock.Lock()
	defer r.genLock.Unlock()
	r.gen++
}

func (r *room) generation() int64 {
	r.genLock.Lock()
	defer r.genLock.Unlock()
	return r.gen
}

func (r *room) unfinished() bool {
	r.genLock.Lock()
	defer r.genLock.Unlock()
	return r.open
}

// look returns the incident as it is now.
func (r *room) look(ctx context.Context, s *Server) (*snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gen := r.generation()
	if r.now != nil && r.now.gen == gen {
		return r.now, nil
	}
	i, err := s.c.Store.Incident(ctx, r.id)
	if err != nil {
		return nil, err
	}
	n := &snapshot{gen: gen, incident: i, shown: map[report.Lang][]byte{}}
	open := i.Progress == store.Queued || i.Progress == store.Waiting || i.Progress == store.Running
	if i.Progress == store.Queued || i.Progress == store.Waiting {
		if n.position, err = s.c.Store.QueuePosition(ctx, r.id); err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, err
		}
	}
	r.now = n
	r.genLock.Lock()
	r.open = open
	r.genLock.Unlock()
	return n, nil
}

// frame lays out the incident as an event.
func (r *room) frame(n *snapshot, o wire.Words) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := n.shown[o.Lang]; f != nil {
		return f, nil
	}
	f, err := live.FrameOf("incident", "", wire.IncidentOf(n.incident, o))
	if err == nil {
		n.shown[o.Lang] = f
	}
	return f, err
}

// read returns the events of an attempt after one of them.
func (r *room) read(ctx context.Context, s *Server, k chunkKey) (*chunk, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gen := r.generation()
	if c := r.chunks[k]; c != nil && c.gen == gen {
		return c, nil
	}
	traces, err := s.c.Store.Traces(ctx, r.id, k.attempt, k.after, stepChunk)
	if err != nil {
		return nil, err
	}
	c := &chunk{gen: gen, last: k.after, stage: k.stage, full: len(traces) == stepChunk}
	o := s.wordsIn(k.lang)
	for _, t := range traces {
		if err := c.add(t, o); err != nil {
			return nil, err
		}
	}
	if r.bytes+len(c.frames) > roomBytes {
		clear(r.chunks)
		r.bytes = 0
	}
	if old := r.chunks[k]; old != nil {
		r.bytes -= len(old.frames)
	}
	r.chunks[k] = c
	r.bytes += len(c.frames)
	return c, nil
}

// step is an event of a diagnosis as the page gets it.
type step struct {
	Attempt int             `json:"attempt"`
	N       int             `json:"n"`
	At      wire.Time       `json:"at"`
	Stage   string          `json:"stage"`
	Kind    string          `json:"kind"`
	Text    string          `json:"text"`
	Data    json.RawMessage `json:"data"`
}

func (c *chunk) add(t store.Trace, o wire.Words) error {
	if e, ok := t.Event.(incident.StageStarted); ok {
		c.stage = e.Stage
	}
	kind, text, data, err := report.EncodeEvent(t.Event, o)
	if err != nil {
		return err
	}
	f, err := live.FrameOf("step", live.FormatID(t.Attempt, t.N), step{
		Attempt: t.Attempt, N: t.N, At: wire.Time(t.At), Stage: string(c.stage), Kind: kind, Text: text, Data: data,
	})
	if err != nil {
		return err
	}
	c.frames = append(c.frames, f...)
	c.last = t.N
	return nil
}

// pingEvery is how often a page that hears nothing is told that it still would.
const pingEvery = 15 * time.Second

// retryAfter is how long a page waits before it connects again, spread so that
// not all come back at once.
func retryAfter(n int) time.Duration {
	return 1500*time.Millisecond + time.Duration(n%20)*100*time.Millisecond
}
