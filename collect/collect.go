// Package collect makes a bundle of what the sources of a system remember: it
// asks them all at once within a deadline, finds out which of their nodes are the
// same, puts their metrics, logs, spans, roles and changes together and writes
// down by which query each part was come by. A source that is slow, down, refuses
// or gives half of what it was asked for costs only itself: the bundle says what
// is missing, why, and what would help.
package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// System is a system with the sources that know about it. It is safe for
// concurrent use: sources are asked for one incident at a time or for many.
type System struct {
	Name    string         // as people call it
	Kind    string         // "iotdb", "postgresql" ...; decides what metrics and logs mean; empty: unknown
	Zone    *time.Location // of log lines without one; nil: UTC
	Sources []Source       // the one whose names for nodes people know comes first
}

// Source is one source under the name that its declaration gives it.
type Source struct {
	Name string
	Kind string
	At   string // its address, for people; holds no secret
	connectors.Source
}

// Ask is what a bundle is wanted for.
type Ask struct {
	Incident incident.Incident // ID, title, window, baseline, alert; its System is filled in
	Within   time.Duration     // how long it may take; 0: 30 s
	Limit    connectors.Limit  // of each source; zero fields: see fill
	Scratch  string            // folder for what does not fit into memory; empty: the system's
	Bare     bool              // a bundle without any data is wanted too
	Progress func(Progress)    // called as sources begin and end; must not block; may be nil

	now time.Time // when it was asked
}

// Progress is where one source stands.
type Progress struct {
	Source string
	Stage  string // "discover", "collect", "write"
	Done   bool
	Err    error
}

// The bounds of what one source hands over, where an Ask has none.
var bounds = connectors.Limit{Samples: 20_000_000, Lines: 2_000_000, Spans: 500_000}

func (a *Ask) fill() error {
	w := &a.Incident.Window
	if w.IsZero() || !w.To.After(w.From) {
		return errs.New(errs.Invalid, "the window is needed, and its end is after its beginning")
	}
	if b := a.Incident.Baseline; !b.IsZero() && !b.To.After(b.From) {
		return errs.New(errs.Invalid, "the baseline ends after it begins")
	}
	if !writable(a.Incident.Alert.Time) {
		a.Incident.Alert.Time = time.Time{}
	}
	a.now = time.Now()
	a.Within = cmp.Or(a.Within, 30*time.Second)
	a.Limit.Samples = cmp.Or(a.Limit.Samples, bounds.Samples)
	a.Limit.Lines = cmp.Or(a.Limit.Lines, bounds.Lines)
	a.Limit.Spans = cmp.Or(a.Limit.Spans, bounds.Spans)
	if a.Progress == nil {
		a.Progress = func(Progress) {}
	}
	return nil
}

// ahead is how far the clock of a source may be before ours, and how long a
// source may watch the present.
const ahead = 10 * time.Second

// recent is how long ago a window may have ended for the present to be a part of
// it: whoever asks at night for the last quarter of an hour wants to see who waits
// for whom now.
const recent = time.Minute

// present reports whether what is seen while collecting belongs to the window.
func (a *Ask) present() bool { return a.now.Sub(a.Incident.Window.To) <= recent }

// span is all that is asked for: baseline, window, and what lies between, as far
// as it has come to pass, and the present if the window ends at about now.
func (a *Ask) span() incident.Window {
	s := a.Incident.Window
	if b := a.Incident.Baseline; !b.IsZero() {
		if b.From.Before(s.From) {
			s.From = b.From
		}
		if b.To.After(s.To) {
			s.To = b.To
		}
	}
	if now := a.now.Add(ahead); (s.To.After(now) || a.present()) && s.From.Before(now) {
		s.To = now
	}
	return s
}

// Bundle collects what is asked for and writes it as a bundle to dst, which must
// not exist; see telemetry.Write. It returns what the bundle says about how it
// was come by. An error means that there is no bundle: ctx ended, nothing can be
// written, or not one source knew anything.
func (s *System) Bundle(ctx context.Context, ask Ask, dst string) (telemetry.Collected, error) {
	if err := ask.fill(); err != nil {
		return telemetry.Collected{}, err
	}
	if err := telemetry.Free(dst); err != nil { // before anybody is asked in vain
		return telemetry.Collected{}, err
	}
	g, err := newGathering(ask.span(), ask.Limit, ask.Scratch)
	if err != nil {
		return telemetry.Collected{}, err
	}
	defer g.close()
	limited, cancel := context.WithTimeoutCause(ctx, ask.Within, errOver)
	defer cancel()
	s.discover(limited, ask, g)
	s.collect(limited, ask, g)
	if ctx.Err() != nil {
		return telemetry.Collected{}, context.Cause(ctx)
	}
	if !ask.Bare && g.empty() {
		return telemetry.Collected{}, s.nothing(g)
	}
	ask.Progress(Progress{Stage: "write"})
	inc := g.remembered(g.until(ask.Incident, ask.present(), time.Now()))
	inc.System = cmp.Or(s.Kind, inc.System)
	inc.Alert.Node = g.nodes.id(string(inc.Alert.Node))
	inc.Alert.Peer = g.nodes.id(string(inc.Alert.Peer))
	if err := telemetry.Write(ctx, dst, func(w *telemetry.Writer) error { return g.write(w, inc, s.Zone) }); err != nil {
		return telemetry.Collected{}, err
	}
	ask.Progress(Progress{Stage: "write", Done: true})
	return g.collected, nil
}

// errOver says that the time for collecting was over.
var errOver = errors.New("the time for collecting was over")

// discover asks every source whom it knows, all at once.
func (s *System) discover(ctx context.Context, ask Ask, g *gathering) {
	// A third of the time is enough to say who is there; the rest is for what happened.
	ctx, cancel := context.WithTimeoutCause(ctx, ask.Within/3, errOver)
	defer cancel()
	found := make([]connectors.Found, len(s.Sources))
	s.each(func(i int, src Source) {
		ask.Progress(Progress{Source: src.Name, Stage: "discover"})
		f, err := src.Discover(ctx, ask.span())
		if err != nil {
			err = reason(ctx, err)
			g.lack(incident.Missing{What: "who takes part, as " + src.Name + " knows it", Why: explain(err)})
		}
		found[i] = f
		ask.Progress(Progress{Source: src.Name, Stage: "discover", Done: true, Err: err})
	})
	for i, f := range found { // in the order of the declaration, whoever was first
		g.learn(s.Sources[i].Name, f)
		for _, l := range f.Lacks {
			g.lack(incident.Missing{What: l.What, Why: withRemedy(l.Why, l.Remedy)})
		}
	}
}

// collect asks every source for what happened, all at once, the nodes around the
// alert first.
func (s *System) collect(ctx context.Context, ask Ask, g *gathering) {
	nodes := g.order(string(ask.Incident.Alert.Node))
	s.each(func(i int, src Source) {
		ask.Progress(Progress{Source: src.Name, Stage: "collect"})
		to := g.sink(src.Name)
		begun, before := time.Now(), loadOf(src)
		err := src.Collect(ctx, connectors.Ask{Span: ask.span(), Nodes: nodes, Limit: ask.Limit}, to)
		use := telemetry.SourceUse{Name: src.Name, Kind: src.Kind, At: src.At, Took: time.Since(begun), Gave: to.gave()}
		use.Requests, use.Bytes = loadOf(src).Requests-before.Requests, loadOf(src).Bytes-before.Bytes
		if k, ok := src.Source.(Clocked); ok {
			if c, known := k.Clock(); known {
				c.Of = src.Name
				_ = to.Clock(c) // a sink takes any number
			}
		}
		if err != nil {
			err = reason(ctx, err)
			use.Failed = explain(err)
			g.lack(incident.Missing{What: to.rest(), Why: use.Failed})
		}
		g.used(i, use)
		ask.Progress(Progress{Source: src.Name, Stage: "collect", Done: true, Err: err})
	})
}

// Metered is an ability of a source that counts what it asks.
type Metered interface {
	// Load is what was asked since the source was made.
	Load() connectors.Load
}

// Clocked is an ability of a source that knows its server's clock.
type Clocked interface {
	// Clock is how that clock stands to ours; false: not known.
	Clock() (connectors.Clock, bool)
}

// loadOf is what a source has asked so far. Bundles made at the same time share
// its count.
func loadOf(src Source) connectors.Load {
	if m, ok := src.Source.(Metered); ok {
		return m.Load()
	}
	return connectors.Load{}
}

// each calls f for every source at once and waits for all.
func (s *System) each(f func(i int, src Source)) {
	var g errgroup.Group
	for i, src := range s.Sources {
		g.Go(func() error {
			f(i, src)
			return nil
		})
	}
	_ = g.Wait() // f returns no error
}

// nothing says that no source knew anything, and why.
func (s *System) nothing(g *gathering) error {
	if len(s.Sources) == 0 {
		return &errs.Error{Op: "collect from " + s.Name, Kind: errs.Invalid, Err: errors.New("it has no source"), Remedy: "name one under systems: sources:"}
	}
	var why []error
	for _, m := range g.collected.Missing {
		why = append(why, fmt.Errorf("%s: %s", m.What, m.Why))
	}
	if len(why) == 0 {
		why = append(why, errors.New("its sources hold nothing of that time"))
	}
	return &errs.Error{Op: "collect from " + s.Name, Kind: errs.Unavailable, Err: errors.Join(why...), Remedy: "triagent check connectors says more"}
}

// Close closes all sources.
func (s *System) Close() error {
	var all []error
	for _, src := range s.Sources {
		all = append(all, src.Close())
	}
	return errors.Join(all...)
}

// reason is why a source ended, in place of the error that its context made.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return context.Cause(ctx)
	}
	return err
}

// explain is an error in one sentence with its remedy.
func explain(err error) string {
	var e *errs.Error
	if errors.As(err, &e) && e.Op == "" {
		return withRemedy(e.Err.Error(), e.Remedy)
	}
	return err.Error()
}

func withRemedy(why, remedy string) string {
	if remedy == "" {
		return why
	}
	return why + " (" + remedy + ")"
}
