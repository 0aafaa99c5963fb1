package eval

import (
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// leastLeft is how much of the window must be left after a late alarm.
const leastLeft = 15 * time.Second

// lateness says why a case is not in the late figures.
type lateness string

const (
	isLate   lateness = ""
	noOnset  lateness = "no window or no onset known"
	tooShort lateness = "less than 15 s of the window left"
)

// late moves the alert, the start of the window and the end of the baseline to
// by past the true onset. What already lies later stays. A baseline that ends
// after that moment (one that holds the window) stays, too. A healthy case has
// no onset and is returned as it is.
func late(in incident.Incident, t telemetry.Truth, by time.Duration) (incident.Incident, lateness) {
	if t.Healthy {
		return in, isLate
	}
	onset := firstOnset(t)
	if in.Window.IsZero() || onset.IsZero() {
		return in, noOnset
	}
	at := onset.Add(by)
	if in.Window.To.Sub(at) < leastLeft {
		return in, tooShort
	}
	if in.Window.From.Before(at) {
		in.Window.From = at
	}
	if !in.Alert.Time.IsZero() && in.Alert.Time.Before(at) {
		in.Alert.Time = at
	}
	if !in.Baseline.IsZero() && in.Baseline.To.Before(at) {
		in.Baseline.To = at
	}
	return in, isLate
}

// given names the stretch that the true causes span as the window of an incident
// that names none. A healthy case has no such stretch and is returned as it is.
func given(in incident.Incident, t telemetry.Truth) incident.Incident {
	if in.Window.IsZero() {
		in.Window = t.Span()
	}
	return in
}

func firstOnset(t telemetry.Truth) time.Time {
	var first time.Time
	for _, c := range t.Causes {
		if f := c.Window.From; !f.IsZero() && (first.IsZero() || f.Before(first)) {
			first = f
		}
	}
	return first
}

// draw cuts a healthy window out of the end of a faulty case's baseline, as long
// as the case's own; what is left of the baseline must be at least twice that.
// ok is false where there is not that much, or where the baseline does not end
// before the window. The alert keeps its place relative to the window.
func draw(in incident.Incident) (_ incident.Incident, ok bool) {
	length := in.Window.Duration()
	if length <= 0 || in.Baseline.Duration() < 3*length || in.Baseline.To.After(in.Window.From) {
		return in, false
	}
	w := incident.Window{From: in.Baseline.To.Add(-length), To: in.Baseline.To}
	if !in.Alert.Time.IsZero() {
		in.Alert.Time = w.From.Add(in.Alert.Time.Sub(in.Window.From))
	}
	in.Window, in.Baseline.To = w, w.From
	return in, true
}
