package data

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"triagent/agents"
	"triagent/incident"
)

// stretch is the time of the first and of the last of some records, in
// nanoseconds since 1970; both 0: there were none.
type stretch struct{ first, last int64 }

// add takes in a record.
func (s *stretch) add(at int64) {
	if *s == (stretch{}) {
		s.first, s.last = at, at
	}
	s.first, s.last = min(s.first, at), max(s.last, at)
}

// dayTime is how a moment is printed, always UTC.
const dayTime = "2006-01-02 15:04:05"

// before is how long a part of the baseline the logs were written in: a node that
// wrote earlier and later was there, and had nothing to say.
func (l *lineTable) before(f agents.Frame) time.Duration {
	var most time.Duration
	for _, s := range l.ran {
		if s != (stretch{}) {
			most = max(most, f.Before(s.first, s.last))
		}
	}
	return most
}

// away says which nodes wrote a log none of which lies in the window or the
// baseline, as it happens where times without a zone are read in a wrong one.
func (l *lineTable) away(f agents.Frame) []incident.Missing {
	var nodes []string
	var all stretch
	for n, s := range l.ran {
		if s == (stretch{}) || l.total[n].sum(0, l.g.bins()) > 0 {
			continue
		}
		nodes = append(nodes, l.nodes.text[n])
		all.add(s.first)
		all.add(s.last)
	}
	if len(nodes) == 0 {
		return nil
	}
	day := func(t time.Time) string { return t.UTC().Format(dayTime) }
	return []incident.Missing{{What: "logs", Why: fmt.Sprintf(
		"no record of %s lies in the window or the baseline: the records run from %s to %s, the window from %s to %s (UTC); "+
			"if they were written in another time zone, name it as log_zone in incident.json",
		few(nodes), day(time.Unix(0, all.first)), day(time.Unix(0, all.last)), day(f.Window.From), day(f.Window.To))}}
}

// timeless says which nodes wrote a log of which no record bears a time that is
// understood: it cannot be said when they were written, and they count for nothing.
func (l *lineTable) timeless() []incident.Missing {
	var nodes []string
	for n, s := range l.ran {
		if s == (stretch{}) && l.file[n] != "" {
			nodes = append(nodes, l.nodes.text[n])
		}
	}
	if len(nodes) == 0 {
		return nil
	}
	return []incident.Missing{{What: "logs", Why: fmt.Sprintf(
		"no record of %s bears a time that is understood, so none counts: begin lines with one, as 2026-01-31 12:30:00,250", few(nodes))}}
}

// few sorts names and gives the first of them.
func few(names []string) string {
	slices.Sort(names)
	if rest := len(names) - 4; rest > 0 {
		names = append(names[:4], fmt.Sprintf("+%d", rest))
	}
	return strings.Join(names, " ")
}
