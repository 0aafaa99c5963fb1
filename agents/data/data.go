// Package data holds the data agents: they turn metrics, logs, traces, changes
// and alerts into evidence, each with the numbers that it rests on.
package data

import (
	"context"

	"triagent/agents"
)

// Crew is the data agents of one diagnosis: they share one walk over the logs. It
// is safe for concurrent use.
type Crew struct{ walk *logWalk }

// NewCrew returns the crew of one diagnosis; another needs another.
func NewCrew() *Crew { return &Crew{new(logWalk)} }

// Ahead reads what several agents will look at, so that other work may go on
// meanwhile. in has to have the Bundle and the Frame that the agents will get. An
// error is not lost: the agents will meet it.
func (c *Crew) Ahead(ctx context.Context, in agents.Input) {
	if len(in.Bundle.LogNodes) > 0 && !in.Frame.Window.IsZero() {
		_, _ = c.walk.walked(ctx, in)
	}
}

// Agents returns the data agents, in the order in which they are booked.
func (c *Crew) Agents() []agents.Agent {
	return []agents.Agent{Metric{}, Log{c.walk}, Trace{c.walk}, Happening{}}
}
