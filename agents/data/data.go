// Package data holds the data agents: they turn metrics, logs, traces, changes
// and alerts into evidence, each with the numbers that it rests on.
package data

import (
	"context"

	"triagent/agents"
	"triagent/telemetry"
)

// Crew is the data agents of one diagnosis: they share one walk over the logs, and
// may be told of spans while somebody else reads them. It is safe for concurrent
// use, but for Spans. The zero Crew is ready; another diagnosis needs another.
type Crew struct {
	walk  logWalk
	spans spanWalk
}

// Ahead reads what several agents will look at, so that other work may go on
// meanwhile. in has to have the Bundle and the Frame that the agents will get. An
// error is not lost: the agents will meet it.
func (c *Crew) Ahead(ctx context.Context, in agents.Input) {
	if len(in.Bundle.LogNodes) > 0 && !in.Frame.Window.IsZero() {
		_, _ = c.walk.walked(ctx, in)
	}
}

// Spans returns what wants to be told of every block of spans, in order, before the
// agents begin; nil: nobody does. Once all were told, call told. Who does neither
// leaves the reading to the agents. in is as for Ahead.
func (c *Crew) Spans(ctx context.Context, in agents.Input) (tell func(*telemetry.Block), told func()) {
	if !in.Bundle.HasSpans || in.Frame.Window.IsZero() {
		return nil, func() {}
	}
	c.spans.begin(ctx, in, &c.walk)
	return c.spans.add, func() { c.spans.told = true }
}

// Agents returns the data agents, in the order in which they are booked.
func (c *Crew) Agents() []agents.Agent {
	return []agents.Agent{Metric{}, Log{&c.walk}, Trace{&c.walk, &c.spans}, Happening{}}
}
