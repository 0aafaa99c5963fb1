package intake

import (
	"sync"
	"time"
)

// rates counts the alerts of each incident in the last minute.
type rates struct {
	threshold int // alerts a minute that make a storm
	mu        sync.Mutex
	by        map[string]*rate
}

// rate counts in steps of five seconds.
type rate struct {
	counts [slots]int
	step   int64     // of the newest count
	told   time.Time // when the storm was told of
}

const (
	slots = 12
	slot  = 5 * time.Second
)

func newRates(threshold int) *rates {
	return &rates{threshold: threshold, by: make(map[string]*rate)}
}

// add counts n alerts of an incident.
func (r *rates) add(incident string, n int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.by[incident]
	if c == nil {
		c = &rate{}
		r.by[incident] = c
	}
	c.turn(now)
	c.counts[c.step%slots] += n
}

// turn forgets what is older than a minute.
func (c *rate) turn(now time.Time) {
	step := now.UnixNano() / int64(slot)
	for n := 0; c.step < step && n < slots; n++ {
		c.step++
		c.counts[c.step%slots] = 0
	}
	if c.step < step {
		c.step = step
		c.counts = [slots]int{}
	}
}

func (c *rate) sum() int {
	n := 0
	for _, k := range c.counts {
		n += k
	}
	return n
}

// perMinute is how many alerts of an incident came in the last minute.
func (r *rates) perMinute(incident string, now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.by[incident]
	if c == nil {
		return 0
	}
	c.turn(now)
	return c.sum()
}

// storm returns the rate of an incident if it is a storm that is to be told of
// now, once a second at most, and 0 otherwise.
func (r *rates) storm(incident string, now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.by[incident]
	if c == nil || now.Sub(c.told) < time.Second {
		return 0
	}
	n := c.sum()
	if n < r.threshold {
		return 0
	}
	c.told = now
	return n
}

// forget drops an incident that is over.
func (r *rates) forget(incident string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.by, incident)
}
