package report

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"triagent/incident"
)

// view is a diagnosis with everything worded and cleaned, which the renderers
// for people lay out. It holds no markup; foreign text in it is still foreign.
type view struct {
	ID, Title, System string
	Verdict           string // identifier: picks the colour
	VerdictWord       string
	Percent           string
	Headline          string // who and how, in a few words
	Summary           string // one sentence; may be empty
	Since             string // "since 10:01:05 UTC", or empty
	Facts             []string
	About             []pair
	Reasons           []reasonView
	Causes            []causeView
	Likely            int // how many of Causes deserve a look
	Rejected          []rejectedView
	Spread            []spreadView
	Steps             []stepView
	Findings          []findingView
	Evidence          []evidenceView
	Templates         []templateView
	Reductions        []reductionView
	Missing           []pair
	Cost              []string
}

type pair struct{ Label, Value string }

type reasonView struct {
	Number int
	Text   string
	Cites  []string
	Proof  []evidenceView // the evidence among Cites that no step before showed, at most proofs
}

type causeView struct {
	Rank                                    int
	Node, Service, Role, Fault, Name, Label string // Fault is the identifier, Name its wording
	Percent, Onset                          string
	Width                                   int // of its bar, percent
	Cites                                   []string
}

type rejectedView struct {
	Node, Fault, Name, Because string
	Cites                      []string
}

type spreadView struct {
	From, To, At string
	Cites        []string
}

type stepView struct {
	Number                                 int
	Text, Action, Target, Params           string
	Risk, RiskWord, Approval, Verify, Undo string
}

type findingView struct {
	ID, Agent, Node, Text, Percent string
	Cites                          []string
}

type evidenceView struct {
	ID, Kind, KindWord, At, Text, Score, Onset, Place, Query string // At: the node, and the peer where there is one
}

type templateView struct {
	Node, Level, Template, Evidence string
	Window, Baseline                string
	More                            int // 1: more often in the window, -1: less, 0: as often
}

type reductionView struct{ Stage, Amount, How, Rest string }

// view words a diagnosis.
func (o Options) view(d *incident.Diagnosis) view {
	v := view{
		ID: clean(string(d.Incident.ID)), Title: clean(d.Incident.Title), System: clean(d.Incident.System),
		Verdict: clean(string(d.Verdict)), VerdictWord: clean(o.name("verdict", string(d.Verdict))),
		Percent: Percent(d.Confidence), Headline: clean(o.headline(d)), Summary: clean(o.Word(d.Summary)),
		Facts: o.facts(d), About: o.about(d), Cost: o.cost(d.Cost),
	}
	if len(d.Causes) > 0 && !d.Causes[0].Onset.IsZero() {
		v.Since = o.say("ui.since", "time", clock(d.Causes[0].Onset)+" UTC")
	} else {
		v.Summary = InUTC(v.Summary) // where the first time stands
	}
	v.Reasons = each(d.Reasoning, func(r incident.Reason) reasonView {
		return reasonView{Number: r.Number, Text: clean(o.Word(r.Text)), Cites: cites(r.Cites)}
	})
	v.Causes, v.Likely = each(d.Causes, o.causeView), likely(d)
	v.Rejected = each(d.Rejected, func(r incident.Rejected) rejectedView {
		return rejectedView{
			Node: clean(string(r.Node)), Fault: clean(string(r.Fault)), Name: clean(o.name("fault", string(r.Fault))),
			Because: clean(o.Word(r.Because)), Cites: cites(r.Cites),
		}
	})
	v.Spread = each(d.Propagation, func(s incident.Spread) spreadView {
		return spreadView{From: clean(string(s.From)), To: clean(string(s.To)), At: clock(s.At), Cites: cites(s.Cites)}
	})
	if d.Plan != nil {
		for i, a := range d.Plan.Steps {
			v.Steps = append(v.Steps, o.stepView(i+1, a))
		}
		sayOnce(v.Steps)
	}
	v.Findings = each(d.Findings, func(f incident.Finding) findingView {
		return findingView{
			ID: clean(string(f.ID)), Agent: clean(f.Agent), Node: clean(string(f.Node)), Text: clean(o.Word(f.Text)),
			Percent: share(f.Strength), Cites: cites(f.Cites),
		}
	})
	v.Evidence = each(d.Evidence, o.evidenceView)
	v.prove()
	v.Templates = each(d.Templates, templateViewOf)
	v.Reductions = each(d.Reductions, o.reductionView)
	v.Missing = each(d.Missing, func(m incident.Missing) pair {
		return pair{clean(o.plain(m.What)), clean(o.plain(m.Why))}
	})
	return v
}

// firstSentence is the first of several sentences.
var firstSentence = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[^。]+?(?:。|\.\s+)`)
})

// sayOnce leaves the sentence that steps which only observe begin with in the
// first of them.
func sayOnce(steps []stepView) {
	lead := ""
	for i := range steps {
		switch s := &steps[i]; {
		case s.Action != "observe":
		case lead == "":
			lead = firstSentence().FindString(s.Text)
		case len(s.Text) > len(lead):
			s.Text = strings.TrimPrefix(s.Text, lead)
		}
	}
}

// headline says who and how, without a sentence.
func (o Options) headline(d *incident.Diagnosis) string {
	if len(d.Causes) == 0 {
		if d.Verdict == incident.Healthy {
			return o.say("headline.healthy")
		}
		return o.say("headline.unexplained")
	}
	c := d.Causes[0]
	fault := o.faultName(c)
	switch {
	case d.Verdict == incident.Inconclusive || d.Verdict == incident.Healthy:
		return o.say("headline.suspect", "node", string(c.Node), "fault", fault)
	case c.Role != "" && c.Role != incident.UnknownRole:
		return o.say("headline.fault_role", "node", string(c.Node), "role", o.name("role", string(c.Role)), "fault", fault)
	}
	return o.say("headline.fault", "node", string(c.Node), "fault", fault)
}

// faultName words a cause's fault, with the user's own word for it if known.
func (o Options) faultName(c incident.Cause) string {
	s := o.name("fault", string(c.Fault))
	if c.Label != "" && c.Label != string(c.Fault) && c.Label != s {
		s += " (" + c.Label + ")"
	}
	return s
}

// facts are the small print below the headline.
func (o Options) facts(d *incident.Diagnosis) []string {
	var out []string
	if len(d.Causes) > 0 && !d.Causes[0].Onset.IsZero() {
		out = append(out, o.say("ui.since", "time", clock(d.Causes[0].Onset)+" UTC"))
	}
	if len(d.Detection.Spans) > 0 && d.Detection.Anomalous {
		s := d.Detection.Spans[0]
		if l := s.Duration(); l > 0 {
			out = append(out, o.say("ui.lasted", "time", lasting(l)))
		}
		if n := len(s.Nodes); n > 0 {
			out = append(out, o.say("ui.touched", "n", count(int64(n))))
		}
	}
	if d.Cost.Wall > 0 {
		out = append(out, o.say("ui.took", "time", lasting(d.Cost.Wall)))
	}
	return append(out, clean(o.engine(d.Engine)))
}

// Rest are the facts without the onset, where the headline has it.
func (v view) Rest() []string {
	if v.Since != "" && len(v.Facts) > 0 {
		return v.Facts[1:]
	}
	return v.Facts
}

func (o Options) engine(e incident.Engine) string {
	key := "ui.by"
	if e.Model != "" {
		key = "ui.by_model"
	}
	return strings.TrimSpace(o.say(key, "engine", e.Name, "version", e.Version, "model", e.Model))
}

// about is what was known when the diagnosis started, and what was detected.
func (o Options) about(d *incident.Diagnosis) []pair {
	var out []pair
	add := func(key, value string) {
		if value = clean(value); value != "" {
			out = append(out, pair{o.say(key), value})
		}
	}
	i := d.Incident
	add("ui.system", i.System)
	add("ui.window", stretch(i.Window))
	add("ui.baseline", stretch(i.Baseline))
	if i.Alert.Name != "" {
		add("ui.alert", strings.Join(strings.Fields(i.Alert.Name+" "+string(i.Alert.Node)+" "+clock(i.Alert.Time)), " "))
	}
	if len(d.Detection.Spans) > 0 {
		s := d.Detection.Spans[0]
		add("ui.abnormal", stretch(s.Window)+"  "+strings.Join(ids(s.Nodes), " "))
	}
	return out
}

func (o Options) causeView(c incident.Cause) causeView {
	role := ""
	if c.Role != "" && c.Role != incident.UnknownRole {
		role = o.name("role", string(c.Role))
	}
	return causeView{
		Rank: c.Rank, Node: clean(string(c.Node)), Service: clean(c.Service), Role: clean(role),
		Fault: clean(string(c.Fault)), Name: clean(o.faultName(c)), Label: clean(c.Label),
		Percent: Percent(c.Probability), Width: part(c.Probability, 100), Onset: clock(c.Onset), Cites: cites(c.Cites),
	}
}

func (o Options) evidenceView(e incident.Evidence) evidenceView {
	v := evidenceView{
		ID: clean(string(e.ID)), Kind: string(e.Kind), KindWord: clean(o.name("kind", string(e.Kind))),
		At: clean(string(e.Node)), Text: clean(o.Word(e.Text)), Place: clean(place(e.Source)), Query: clean(e.Source.Query),
	}
	if e.Peer != "" {
		v.At = clean(o.say("ui.edge", "from", string(e.Node), "to", string(e.Peer)))
	}
	if e.Score > 0 {
		v.Score = short(e.Score)
	}
	if !e.Onset.From.IsZero() {
		v.Onset = clock(began(e.Onset))
	}
	return v
}

// began is when something began, of which only an interval is known: its end,
// when it was first seen, as the texts of evidence say.
func began(w incident.Window) time.Time {
	if w.To.Before(w.From) {
		return w.From
	}
	return w.To
}

func templateViewOf(t incident.TemplateCount) templateView {
	v := templateView{
		Node: clean(string(t.Node)), Level: clean(t.Level), Template: clean(t.Template), Evidence: clean(string(t.Evidence)),
		Window: count(int64(t.Window)), Baseline: count(int64(t.Baseline)),
	}
	switch {
	case t.Window > t.Baseline:
		v.More = 1
	case t.Window < t.Baseline:
		v.More = -1
	}
	return v
}

func (o Options) reductionView(r incident.Reduction) reductionView {
	from, to, two := strings.Cut(r.Unit, " to ")
	if !two {
		from, to = "", r.Unit
	}
	return reductionView{
		Stage: clean(o.plain(r.Stage)),
		Amount: clean(o.say("ui.reduction", "in", count(r.In), "from", o.unit(from, r.In),
			"out", count(r.Out), "to", o.unit(to, r.Out))),
		How: clean(o.plain(r.How)), Rest: clean(o.plain(r.Rest)),
	}
}

// unit words what is counted so that it agrees with the count.
func (o Options) unit(name string, n int64) string {
	key := "unit." + name
	if _, ok := o.phrase(key); !ok {
		return name
	}
	return o.say(key, "n", count(n))
}

func (o Options) cost(c incident.Cost) []string {
	if c == (incident.Cost{}) {
		return nil
	}
	out := []string{o.say("ui.cost_line", "wall", lasting(c.Wall), "cpu", lasting(c.CPU), "peak", memory(c.PeakBytes))}
	if c.ModelCalls > 0 {
		out = append(out, o.say("ui.cost_model", "calls", count(int64(c.ModelCalls)), "in", count(int64(c.PromptTokens)),
			"out", count(int64(c.CompletionTokens)), "usd", short(c.USD)))
	}
	return out
}

// place formats a source as file:line.
func place(s incident.Source) string {
	if s.File == "" || s.Line <= 0 {
		return s.File
	}
	return s.File + ":" + strconv.Itoa(s.Line)
}

// cites cleans identifiers of evidence and findings.
func cites[T ~string](in []T) []string {
	return each(in, func(t T) string { return clean(string(t)) })
}
