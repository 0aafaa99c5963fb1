package otlp

import "time"

// Occupy takes a place, as a request does that is being kept.
func (r *Receiver) Occupy() (leave func(), err error) { return r.leave, r.enter() }

// Held is how many bytes of bodies are under way.
func (r *Receiver) Held() int64 { return r.bodies.held.Load() }

// SetReading says how long a body may take. Call it before Run.
func (r *Receiver) SetReading(d time.Duration) { r.reading = d }
