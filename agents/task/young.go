package task

import (
	"fmt"
	"time"

	"triagent/agents"
	"triagent/incident"
)

// leastNormal is how much of what is normal has to be recorded before anything
// that is held against it may be called likely. Of incidents whose baseline was
// cut to 0, 15, 30, 60 and 120 s, 29, 73, 76, 80 and 97 % of the answers given at
// .8 were right, so a quarter or a whole minute would do nearly as well.
const leastNormal = 30 * time.Second

// young reports whether next to nothing was recorded of the time before: that of
// a fresh installation, or of sources that forget soon.
func young(in agents.Input) bool {
	b := in.Bundle
	measured := len(b.Tables) > 0 || len(b.LogNodes) > 0 || b.HasSpans
	return measured && in.Normal < leastNormal
}

// trustIn is the share of a first probability that is left where so short a time
// shows what is normal: three tenths where there is none, and never what makes a
// cause likely.
func trustIn(normal time.Duration, first float64) float64 {
	trust := .3 + .7*normal.Seconds()/leastNormal.Seconds()
	if first*trust >= likelyFrom {
		return (likelyFrom - .01) / first
	}
	return trust
}

// lackOfBaseline says that there is next to nothing to compare with.
func lackOfBaseline(normal time.Duration) incident.Missing {
	const help = "a source that remembers longer would help, as a Prometheus that runs all the time"
	why := "nothing was recorded before the fault to compare with, so nothing that follows is certain; " + help
	if normal > 0 {
		why = fmt.Sprintf("only %v of normal time were recorded to compare with, and %v are needed: what follows is not certain; %s",
			normal.Round(time.Second), leastNormal, help)
	}
	return incident.Missing{What: "baseline", Why: why}
}
