package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"triagent/incident"
)

// Progress returns a listener that writes one line for every step of a
// diagnosis that a person may want to follow. A write that fails stops the
// writing, not the diagnosis. Listeners on one w may run at the same time.
func Progress(w io.Writer, o Options) incident.Listener {
	p := &progress{w: w, o: o}
	return p.hear
}

type progress struct {
	w     io.Writer
	o     Options
	stage string
	dead  bool
}

// progressLock keeps the lines of diagnoses under way at the same time apart.
var progressLock sync.Mutex

func (p *progress) hear(e incident.Event) {
	if s, ok := e.(incident.StageStarted); ok {
		p.stage = p.o.name("stage", string(s.Stage))
	}
	line := clean(p.o.Step(e))
	if line == "" || p.dead {
		return
	}
	progressLock.Lock()
	defer progressLock.Unlock()
	if _, err := fmt.Fprintf(p.w, "  %s %s\n", p.o.paint(pad(clean(p.stage), 8), dim), line); err != nil {
		p.dead = true
	}
}

// Step words an event in a few words, or returns "" for those that a person
// need not see.
func (o Options) Step(e incident.Event) string {
	switch e := e.(type) {
	case incident.Opened:
		return o.say("progress.opened", "incident", string(e.Incident.ID), "engine", e.Engine.Name)
	case incident.GraphBuilt:
		return o.say("progress.graph", "nodes", strconv.Itoa(len(e.Graph.Nodes)), "edges", strconv.Itoa(len(e.Graph.Edges)))
	case incident.AgentChosen:
		return o.say("progress.agent", "agent", e.Agent, "nodes", few(ids(e.Nodes)))
	case incident.FindingMade:
		node := string(e.Finding.Node)
		if node == "" {
			node = o.say("progress.system")
		}
		return o.say("progress.finding", "node", node, "text", o.Word(e.Finding.Text), "id", string(e.Finding.ID))
	case incident.Detected:
		key := "progress.normal"
		if e.Detection.Anomalous {
			key = "progress.detected"
		}
		return o.say(key, "score", short(e.Detection.Score))
	case incident.HypothesisRejected:
		return o.say("progress.rejected", "node", string(e.Rejected.Node), "fault", o.name("fault", string(e.Rejected.Fault)))
	case incident.CauseRanked:
		return o.say("progress.cause", "rank", strconv.Itoa(e.Cause.Rank), "node", string(e.Cause.Node),
			"fault", o.faultName(e.Cause), "p", Percent(e.Cause.Probability))
	case incident.Planned:
		return o.say("progress.planned", "n", strconv.Itoa(len(e.Plan.Steps)))
	case incident.Lacked:
		return o.say("progress.lacked", "what", o.plain(e.Missing.What), "why", o.plain(e.Missing.Why))
	case incident.Concluded:
		return o.say("progress.verdict", "verdict", o.name("verdict", string(e.Verdict)), "p", Percent(e.Confidence))
	case incident.Closed:
		return o.say("progress.closed", "time", lasting(e.Cost.Wall))
	}
	return ""
}

// few names up to three of several.
func few(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, " ")
	}
	return strings.Join(names[:3], " ") + " +" + strconv.Itoa(len(names)-3)
}
