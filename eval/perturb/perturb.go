// Package perturb makes harder versions of an incident bundle whose answer stays
// the same: less data, data that say nothing, clocks that are wrong. They show
// how an engine's figures fall, and whether it stays sure of itself.
//
// A Perturbation is planned for a case, which gives a Change: edits of members,
// members to add, and times. Whoever stages the bundle carries it out. The same
// case and seed give the same bytes. Everything is safe for concurrent use.
package perturb

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// Case is what a perturbation is made for.
type Case struct {
	Bundle   *telemetry.Bundle
	Incident incident.Incident // as an engine is given it
	Guilty   []incident.NodeID // nodes of the true causes; empty: a healthy case
	Seed     uint64
}

// Edit writes a member anew from its decompressed bytes; nil leaves it out.
type Edit func(r io.Reader, w io.Writer) error

// Change is what becomes of a bundle.
type Change struct {
	Incident incident.Incident
	Edits    map[string]Edit // by member; one that is not here stays as it is
	More     map[string]func(w io.Writer) error
}

// Idle reports whether nothing changes: the bundle holds nothing of the sort,
// or is so already.
func (c *Change) Idle(in incident.Incident) bool {
	return len(c.Edits) == 0 && len(c.More) == 0 && c.Incident.Window == in.Window && c.Incident.Baseline == in.Baseline
}

// Perturbation is one way to make a bundle harder.
type Perturbation struct {
	Name  string
	About string // what is done, for people
	plan  func(ctx context.Context, c Case, rng *rand.Rand, to *Change) error
}

// Plan says what the perturbation does to a case. What cannot be read of the
// bundle is an error of its own kind.
func (p Perturbation) Plan(ctx context.Context, c Case) (*Change, error) {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%q %q", p.Name, c.Incident.ID) // a hash never fails
	to := &Change{Incident: c.Incident, Edits: map[string]Edit{}, More: map[string]func(io.Writer) error{}}
	if err := p.plan(ctx, c, rand.New(rand.NewPCG(c.Seed, h.Sum64())), to); err != nil {
		return nil, fmt.Errorf("perturb %s: %w", p.Name, err)
	}
	return to, nil
}

// All are the perturbations, in the order of tables.
func All() []Perturbation {
	return []Perturbation{
		{"drop-metrics", "no metrics at all", dropMetrics},
		{"drop-logs", "no logs at all", dropLogs},
		{"drop-traces", "no traces at all", dropTraces},
		{"drop-guilty-metrics", "no metrics of the faulty node (healthy cases: of one at random)", dropGuilty},
		{"drop-other-metrics", "no metrics of another node, at random", dropOther},
		{"rename-metrics", "every metric has a name that says nothing, the same on all nodes", renameMetrics},
		{"shuffle-columns", "the columns of every metrics file in random order", shuffleColumns},
		{"resample-60s", "metrics once a minute, the mean of it", resample},
		{"skew-guilty-clock", "the clock of the faulty node 90 s fast (healthy cases: of one at random)", skewGuilty},
		{"skew-other-clock", "the clock of another node 90 s fast", skewOther},
		{"noise-logs", "as many lines again that say nothing, at a constant rate", noiseLogs},
		{"loud-nodes", "three more nodes whose metrics move hugely all the time", loudNodes},
		{"short-baseline", "a baseline of 2 minutes", shortBaseline},
	}
}

// Choose gives the perturbations whose names fit one of the patterns (path.Match,
// or "all"), in the order of All. A pattern that fits none is kind Invalid.
func Choose(patterns []string) ([]Perturbation, error) {
	take := map[string]bool{}
	for _, p := range patterns {
		found := false
		for _, k := range All() {
			ok, err := path.Match(p, k.Name)
			if err != nil {
				return nil, errs.New(errs.Invalid, "pattern %q: %v", p, err)
			}
			if ok || p == "all" {
				take[k.Name], found = true, true
			}
		}
		if !found {
			e := errs.New(errs.Invalid, "no perturbation is named %q", p)
			e.Remedy = "see docs/evaluation.md for their names, or say all"
			return nil, e
		}
	}
	return slices.DeleteFunc(All(), func(k Perturbation) bool { return !take[k.Name] }), nil
}

// shortest is what is left of a baseline.
const shortest = 2 * time.Minute

// shortBaseline cuts the baseline to its last 2 minutes, or to those before the
// window where it spans the window.
func shortBaseline(_ context.Context, c Case, _ *rand.Rand, to *Change) error {
	in := &to.Incident
	if in.Window.IsZero() || in.Baseline.Duration() < shortest+time.Second {
		return nil
	}
	if in.Baseline.To.After(in.Window.From) {
		in.Baseline.To = in.Window.From
	}
	if from := in.Baseline.To.Add(-shortest); from.After(in.Baseline.From) {
		in.Baseline.From = from
	}
	if !in.Baseline.To.After(in.Baseline.From) { // it began with the window
		in.Baseline = c.Incident.Baseline
	}
	return nil
}
