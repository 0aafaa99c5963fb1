package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/demo"
	"triagent/incident"
	"triagent/internal/app"
	"triagent/store"
)

// writers is how many write at once: SQLite makes one transaction of them.
const writers = 64

// wave is how many incidents are written in one go.
const wave = 200

// history writes the incidents of some months, oldest first.
type history struct {
	s      *store.Store
	at     *clock
	o      options
	solved []solved
	alerts atomic.Int64
}

// solved is a bundled incident with what the engine makes of it.
type solved struct {
	bundle    string
	size      int64
	diagnosis incident.Diagnosis
	events    []store.Trace
}

func newHistory(ctx context.Context, s *store.Store, at *clock, o options) (*history, error) {
	h := &history{s: s, at: at, o: o}
	dir, err := os.MkdirTemp("", "triagent-seed-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	paths, err := demo.Extract(dir)
	if err != nil {
		return nil, err
	}
	engine, err := app.New(app.Config{})
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		one := solved{bundle: "seed-" + filepath.Base(p)}
		var b bytes.Buffer
		if err := demo.Archive(&b, filepath.Base(p)); err != nil {
			return nil, err
		}
		if one.size, _, err = s.PutBundle(ctx, one.bundle, &b, 1<<30); err != nil {
			return nil, err
		}
		one.diagnosis, err = engine.Diagnose(ctx, p, func(e incident.Event) {
			one.events = append(one.events, store.Trace{At: time.Now(), Event: e})
		})
		if err != nil {
			return nil, err
		}
		h.solved = append(h.solved, one)
	}
	return h, engine.Close()
}

func (h *history) write(ctx context.Context) error {
	until := time.Now()
	step := time.Duration(h.o.days) * 24 * time.Hour / time.Duration(h.o.incidents)
	for from := 0; from < h.o.incidents; from += wave {
		n := min(wave, h.o.incidents-from)
		opened := until.Add(-step * time.Duration(h.o.incidents-from))
		if err := h.wave(ctx, from, n, opened, step); err != nil {
			return fmt.Errorf("incidents from %d: %w", from, err)
		}
	}
	h.at.set(until)
	return h.told(ctx)
}

// wave opens n incidents, diagnoses them and takes their alerts in.
func (h *history) wave(ctx context.Context, from, n int, opened time.Time, step time.Duration) error {
	made := make([]string, n)
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for i := range n {
		h.at.set(opened.Add(step * time.Duration(i)))
		g.Go(func() error {
			in, _, err := h.s.CreateIncident(inner, store.Actor{Name: "seed"}, h.incident(from+i), "", &store.Job{Reason: "upload"})
			made[i] = in.ID
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	h.at.set(opened.Add(step * time.Duration(n)))
	g, inner = errgroup.WithContext(ctx)
	for range writers {
		g.Go(func() error { return h.diagnose(inner, from, made) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return h.alarms(ctx, from, made, opened, step)
}

// diagnose works the queue off; made are the IDs of the incidents from on.
func (h *history) diagnose(ctx context.Context, from int, made []string) error {
	for {
		j, ok, err := h.s.Take(ctx, "seed", time.Hour)
		if err != nil || !ok {
			return err
		}
		i := from + slices.Index(made, j.Incident)
		if h.whole(i) {
			if err := h.s.AppendTrace(ctx, j, h.solvedBy(i).events); err != nil {
				return err
			}
		}
		if err := h.s.Finish(ctx, j, h.diagnosis(i)); err != nil {
			return err
		}
	}
}

// whole reports whether incident i is among the newest, which have everything.
func (h *history) whole(i int) bool { return i >= h.o.incidents-h.o.full }

// solvedBy is the bundled incident that incident i has the data of.
func (h *history) solvedBy(i int) *solved { return &h.solved[i%len(h.solved)] }

// alarms takes the alerts of a wave in: those of most incidents have ended,
// which resolves them.
func (h *history) alarms(ctx context.Context, from int, made []string, opened time.Time, step time.Duration) error {
	share := h.o.alerts / h.o.incidents
	placed := make([]store.Placed, 0, len(made)*share)
	for i, id := range made {
		for k := range share {
			a := alert(from+i, k, opened.Add(step*time.Duration(i)))
			if !h.open(from + i) {
				a.Ends = a.Starts.Add(time.Duration(5+(from+i)%50) * time.Minute)
			}
			placed = append(placed, store.Placed{Alert: a, Incident: id})
		}
	}
	if len(placed) == 0 {
		return nil
	}
	arrivals, err := h.s.TakeAlerts(ctx, placed)
	h.alerts.Add(int64(len(arrivals)))
	return err
}

// open says which incidents are not over: one in fifty, and half of the newest.
func (h *history) open(i int) bool {
	return i%50 == 0 || h.whole(i) && i%2 == 0
}

// told marks every notice as told: nobody is to be told of the past.
func (h *history) told(ctx context.Context) error {
	for {
		notices, err := h.s.NextNotices(ctx, 500)
		if err != nil || len(notices) == 0 {
			return err
		}
		g, inner := errgroup.WithContext(ctx)
		g.SetLimit(writers)
		for _, n := range notices {
			g.Go(func() error { return h.s.Route(inner, n.ID, nil) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}

// pick chooses one of a list for incident i, the same in every run.
func pick[T any](i, salt int, list []T) T {
	r := rand.New(rand.NewPCG(uint64(i), uint64(salt)))
	return list[r.IntN(len(list))]
}
