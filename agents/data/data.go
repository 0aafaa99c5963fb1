// Package data holds the data agents: they turn metrics, logs, traces, changes
// and alerts into evidence, each with the numbers that it rests on.
package data

import "triagent/agents"

// Agents returns the data agents, in the order in which they are booked.
func Agents() []agents.Agent {
	return []agents.Agent{Metric{}, Log{}, Trace{}, Happening{}}
}
