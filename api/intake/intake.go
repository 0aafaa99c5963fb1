// Package intake takes alerts in and makes incidents of them.
//
// Alerts of one failure become one incident. An alert that is known (same
// receiver, same labels, same start) only counts up. A new one joins an open
// incident if its time is within a window of the incident's and
//   - the sender put both into one group, or
//   - they point at the same node or at neighbours in the call graph, and the
//     labels that name the system do not contradict each other, or
//   - one of them is about the whole system, and the system is the same.
//
// Otherwise it opens an incident. Neither identity nor correlation looks at
// annotations or at any other text that a rule or a model generates.
//
// Callers at the same time share one transaction: the first becomes the leader
// and works for those who wait, then hands over; no goroutine is started. Take
// returns once the alerts are durable. What is open is kept in memory and read
// again when the store has changed; if several processes take alerts, the store
// decides by the unique key of open incidents who opens one.
package intake

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"triagent/connectors"
	"triagent/connectors/slack"
	"triagent/connectors/webhook"
	"triagent/internal/errs"
	"triagent/store"
)

// Store is what intake needs of the store.
type Store interface {
	TakeAlerts(ctx context.Context, list []store.Placed) ([]store.Arrival, error)
	OpenIncidents(ctx context.Context) ([]store.Incident, error)
	Alerts(ctx context.Context, f store.AlertFilter) (items []store.Alert, next string, err error)
	Topology(ctx context.Context, system string) ([]store.TopologyNode, []store.TopologyEdge, error)
	Revision(ctx context.Context) (int64, error)
	Enqueue(ctx context.Context, by store.Actor, id, reason string, notBefore time.Time) (store.Job, error)
	Incident(ctx context.Context, id string) (store.Incident, error)
	Incidents(ctx context.Context, f store.Filter) (store.Page, error)
	CreateIncident(ctx context.Context, by store.Actor, in store.Incident, idem string, job *store.Job) (store.Incident, bool, error)
}

// Config says how alerts come in. The zero value works: alerts need a token,
// Slack is off.
type Config struct {
	Window  time.Duration                    `yaml:"window"`  // alerts further apart are not of one failure; 0: 10 min
	Settle  time.Duration                    `yaml:"settle"`  // wait before the diagnosis, so that alerts gather; 0: 10 s
	Ignore  []string                         `yaml:"ignore"`  // names of alerts that make no incident; nil: Watchdog, InfoInhibitor
	Names   Names                            `yaml:"names"`   // labels that hold node, peer, system and severity
	Generic map[string]webhook.GenericConfig `yaml:"generic"` // by the name in /hooks/generic/NAME; "default" is for /hooks/generic
	Slack   slack.InConfig                   `yaml:"slack"`   // zero: off

	PublicURL func(context.Context) string `yaml:"-"` // where people reach the page, no slash at the end; nil or "": no links
	Allowed   func(context.Context) bool   `yaml:"-"` // whether the request carries a token with scope hooks; nil: none does
	Log       *slog.Logger                 `yaml:"-"` // nil: discard
	Now       func() time.Time             `yaml:"-"` // nil: time.Now
}

// Summary is what became of the alerts of one call.
type Summary struct {
	Received  int      // alerts in the call
	Opened    int      // incidents that it opened
	Incidents []string // incidents that hold them, in the order of the alerts, each once
}

// The bounds of one call.
const (
	maxBody   = 1 << 20  // bytes of a request
	maxGroup  = 16 << 20 // bytes of one of an Alertmanager, which sends a whole group: what is refused it does not send again
	maxAlerts = 10_000   // alerts of a request
)

// Intake takes alerts in. It is safe for concurrent use.
type Intake struct {
	config  Config
	store   Store
	log     *slog.Logger
	now     func() time.Time
	ignore  map[string]bool
	generic map[string]*webhook.Generic
	slack   *slack.Inbound // nil: off
	graph   atomic.Pointer[graph]
	timing  atomic.Pointer[timing]
	seen    seen // Slack's events that were answered

	queue queue
	index *index // the leader's only
	fresh freshness
	stale atomic.Bool
	once  sync.Mutex // held by Load and by the leader
}

// timing are the settings that people change while the service runs.
type timing struct{ window, settle time.Duration }

// New checks the configuration and returns an Intake that has read nothing yet;
// see Load. An error is of kind errs.Invalid and says what is wrong where.
func New(c Config, s Store) (*Intake, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	in := &Intake{
		config: c, store: s, log: c.Log, now: c.Now,
		ignore: make(map[string]bool), generic: make(map[string]*webhook.Generic),
	}
	in.graph.Store(&graph{})
	in.SetTiming(c.Window, c.Settle)
	for _, name := range c.Ignore {
		in.ignore[name] = true
	}
	if _, ok := c.Generic[defaultName]; !ok {
		in.generic[defaultName], _ = webhook.NewGeneric("", webhook.GenericConfig{})
	}
	for name, g := range c.Generic {
		as := name
		if name == defaultName {
			as = ""
		}
		var err error
		if in.generic[name], err = webhook.NewGeneric(as, g); err != nil {
			return nil, err
		}
	}
	if c.Slack.Enabled() {
		var err error
		if in.slack, err = slack.NewInbound(c.Slack); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// Validate says what is wrong with the configuration.
func (c *Config) Validate() error {
	_, err := New(*c, nil)
	return err
}

func (c *Config) fill() error {
	switch {
	case c.Window < 0 || c.Window > 24*time.Hour:
		return errs.New(errs.Invalid, "hooks.window: it is %v, and may be up to 24h", c.Window)
	case c.Settle < 0 || c.Settle > time.Hour:
		return errs.New(errs.Invalid, "hooks.settle: it is %v, and may be up to 1h", c.Settle)
	}
	if c.Ignore == nil {
		c.Ignore = []string{"Watchdog", "InfoInhibitor"}
	}
	c.Names.fill()
	if c.Allowed == nil {
		c.Allowed = func(context.Context) bool { return false }
	}
	if c.PublicURL == nil {
		c.PublicURL = func(context.Context) string { return "" }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// SetTiming changes the window of correlation and the time to settle; 0 takes
// the default of either. It applies from the next alert on.
func (in *Intake) SetTiming(window, settle time.Duration) {
	if window <= 0 {
		window = defaultWindow
	}
	if settle <= 0 {
		settle = defaultSettle
	}
	in.timing.Store(&timing{window: window, settle: settle})
}

// Load reads what is open and who calls whom. Without it the first Take does.
func (in *Intake) Load(ctx context.Context) error {
	in.once.Lock()
	defer in.once.Unlock()
	in.stale.Store(true)
	return in.refresh(ctx, false)
}

// Waiting is how many alerts wait for their transaction.
func (in *Intake) Waiting() int {
	in.queue.mu.Lock()
	defer in.queue.mu.Unlock()
	return in.queue.waiting
}

// Take takes alerts in and returns once they are durable. A repeated call with
// the same alerts changes only counts, so that a sender may try again after any
// error. Errors are of kind errs.Unavailable if the store cannot write or too
// many alerts wait, errs.Invalid if the call holds more than 10,000 alerts.
func (in *Intake) Take(ctx context.Context, alerts []connectors.Alert) (Summary, error) {
	sum := Summary{Received: len(alerts), Incidents: []string{}}
	if len(alerts) > maxAlerts {
		return sum, errs.New(errs.Invalid, "%d alerts in one call, at most %d are accepted", len(alerts), maxAlerts)
	}
	c := &call{now: in.now().UTC(), ready: make(chan struct{}, 1)}
	g := in.graph.Load()
	for i := range alerts {
		if s, ok := in.prepare(&alerts[i], g, c.now); ok {
			c.signals = append(c.signals, s)
		}
	}
	if len(c.signals) == 0 {
		return sum, nil
	}
	if err := in.submit(ctx, c); err != nil {
		return sum, err
	}
	have := make(map[string]bool)
	for _, a := range c.arrivals {
		if a.Opened {
			sum.Opened++
		}
		if a.Incident != "" && !have[a.Incident] {
			have[a.Incident] = true
			sum.Incidents = append(sum.Incidents, a.Incident)
		}
	}
	return sum, nil
}
