package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"triagent/api"
	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
)

// How the sources of declared systems are looked at while nothing is wrong.
const (
	lookEvery = time.Minute
	lookBack  = 5 * time.Minute
	tellAfter = 3 // failures in a row after which people are told
)

// lookAtSources asks every source now and then whether it answers. One that does
// not, again and again, becomes an alert like any other, so that people are told
// by the ways they chose; it is asked on, and the alert ends when it answers.
func (s *Service) lookAtSources(ctx context.Context) error {
	if len(s.systems.list) == 0 {
		return nil
	}
	out := make(map[string]*outage) // by system and source
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		for _, sys := range s.systems.list {
			s.lookAt(ctx, sys, out)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (s *Service) lookAt(ctx context.Context, sys *collect.System, out map[string]*outage) {
	limited, cancel := context.WithTimeout(ctx, lookEvery/2)
	defer cancel()
	now := time.Now()
	sys.Discover(limited, incident.Window{From: now.Add(-lookBack), To: now})
	var alerts []connectors.Alert
	for _, src := range sys.Sources {
		g, ok := src.Source.(*collect.Guarded)
		if !ok {
			continue
		}
		key := sys.Name + "/" + src.Name
		fails, last := g.State()
		o := out[key]
		switch {
		case fails > 0 && o == nil:
			o = &outage{system: sys.Name, source: src.Name, kind: src.Kind, at: src.At, since: now}
			out[key] = o
		case fails == 0 && o != nil:
			delete(out, key)
			if o.told {
				alerts = append(alerts, o.alert(s.set, now))
			}
			continue
		}
		if fails >= tellAfter && !o.told {
			o.told, o.why = true, last
			alerts = append(alerts, o.alert(s.set, time.Time{}))
		}
	}
	if len(alerts) == 0 {
		return
	}
	if _, err := s.intake.Take(ctx, alerts); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "people could not be told of a source that does not answer", slog.Any("error", err))
	}
}

// checkSources says which sources do not answer, as the service last saw it.
func (s *Service) checkSources() api.Check {
	c := api.Check{Name: "sources", State: "ok"}
	var bad []string
	n := 0
	for _, sys := range s.systems.list {
		for _, src := range sys.Sources {
			n++
			if g, ok := src.Source.(*collect.Guarded); ok {
				if fails, last := g.State(); fails > 0 {
					bad = append(bad, fmt.Sprintf("%s/%s: %v", sys.Name, src.Name, last))
				}
			}
		}
	}
	switch {
	case n == 0:
		c.Text, c.Remedy = "no system is declared: diagnoses of alerts have alerts alone to go by", "declare one under systems in the file of settings"
		c.State = "warn"
	case len(bad) > 0:
		c.State, c.Text, c.Remedy = "warn", strings.Join(bad, "; "), "triagent check connectors says more"
	default:
		c.Text = fmt.Sprintf("%d sources of %d systems answer", n, len(s.systems.list))
	}
	return c
}
