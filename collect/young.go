package collect

import (
	"fmt"
	"time"

	"triagent/incident"
)

// The times of an incident whose sources remember nothing of its baseline.
const (
	youngLead     = time.Minute      // of the window before the alert: rules wait before they fire
	youngGap      = 10 * time.Second // between baseline and window
	youngBaseline = time.Minute      // least baseline that is worth having
)

// remembered fits window and baseline to what the sources remember: where their
// metrics begin after the baseline, as those of a young installation do, the
// window begins shortly before the alert and what lies before it is the
// baseline. Without an alert, or with too little before it, nothing changes.
func (g *gathering) remembered(inc incident.Incident) incident.Incident {
	first := g.firstSample()
	if first.IsZero() || inc.Baseline.IsZero() || first.Before(inc.Baseline.To) || inc.Alert.Time.IsZero() {
		return inc
	}
	from := inc.Alert.Time.Add(-youngLead)
	end := from.Add(-youngGap)
	if from.Before(inc.Window.From) || !from.Before(inc.Window.To) || end.Sub(first) < youngBaseline {
		return inc
	}
	g.lack(incident.Missing{What: "the baseline", Why: fmt.Sprintf(
		"metrics begin at %s: what lies before %s is taken for normal", first.UTC().Format(time.TimeOnly), end.UTC().Format(time.TimeOnly))})
	inc.Window.From, inc.Baseline = from, incident.Window{From: first, To: end}
	return inc
}

// until ends a window that is not over where what was collected ends: nobody
// remembers what has not been, and that is no silence. One that ended just now
// goes on to the end of what was seen of the present, if that belongs to it.
func (g *gathering) until(inc incident.Incident, present bool, now time.Time) incident.Incident {
	last := g.lastSample()
	switch {
	case inc.Window.To.After(now):
		last = max(last, inc.Alert.Time.UnixNano(), inc.Window.From.UnixNano())
	case !present || last < inc.Window.To.UnixNano():
		return inc
	}
	inc.Window.To = time.Unix(0, min(last+1, now.UnixNano())).UTC()
	return inc
}

// lastSample is when what was handed over ends, in Unix nanoseconds; 0: nothing
// was.
func (g *gathering) lastSample() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	var last int64
	for _, list := range g.series {
		for _, s := range list {
			last = max(last, s.times[len(s.times)-1])
		}
	}
	for _, list := range g.logs {
		for _, s := range list {
			last = max(last, s.last)
		}
	}
	return last
}

// firstSample is when the metrics begin; zero: there are none.
func (g *gathering) firstSample() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	var first int64
	for _, list := range g.series {
		for _, s := range list {
			if first == 0 || s.times[0] < first {
				first = s.times[0]
			}
		}
	}
	return moment(first)
}
