package report

import (
	"io"
	"strconv"
	"strings"

	"triagent/incident"
)

// textEvidence is how many pieces of evidence the terminal shows; the rest is a
// count, since the first screen has to hold what matters.
const textEvidence = 12

// Text writes a diagnosis for a terminal: verdict, who, how and since when
// first, then why, the other suspects, what was ruled out, what to do, and the
// evidence that was cited. It returns only errors of w.
func Text(w io.Writer, d incident.Diagnosis, o Options) error {
	p := textPrinter{o: o, v: o.view(&d), d: &d}
	p.head()
	p.why()
	p.suspects()
	p.plan()
	p.ruledOut()
	p.spread()
	p.evidence()
	p.losses()
	_, err := io.WriteString(w, p.b.String())
	return err
}

type textPrinter struct {
	o Options
	v view
	d *incident.Diagnosis
	b strings.Builder
}

func (p *textPrinter) line(s string) { p.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (p *textPrinter) section(key string) {
	p.line("")
	p.line(p.o.paint(p.o.say(key), bold))
}

// table prints rows in columns, those of right flush right.
func (p *textPrinter) table(rows [][]string, right ...int) {
	g := grid{rows: rows, right: map[int]bool{}}
	for _, i := range right {
		g.right[i] = true
	}
	for _, l := range g.lines("  ", p.o.width()) {
		p.line(l)
	}
}

func (p *textPrinter) head() {
	v := p.v
	mark := p.o.paint(strings.ToUpper(v.VerdictWord)+" "+v.Percent, verdictStyle(v.Verdict))
	head := v.Headline
	if v.Since != "" && v.Verdict != string(incident.Healthy) {
		head += p.o.say("ui.comma") + v.Since
	}
	p.line(mark + "  " + p.o.paint(head, bold))
	p.line(p.o.paint(strings.Join(nonBlank(append([]string{v.ID, v.Title}, v.Rest()...)), " · "), dim))
	if v.Summary != "" {
		p.line("")
		for _, l := range wrap(v.Summary, p.o.width()) {
			p.line(l)
		}
	}
}

func nonBlank(in []string) []string {
	var out []string
	for _, s := range in {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (p *textPrinter) why() {
	if len(p.v.Reasons) == 0 {
		return
	}
	p.section("ui.why")
	var rows [][]string
	for _, r := range p.v.Reasons {
		rows = append(rows, []string{strconv.Itoa(r.Number), r.Text + bracket(r.Cites)})
	}
	p.table(rows, 0)
}

// bracket formats citations behind a text.
func bracket(cites []string) string {
	if len(cites) == 0 {
		return ""
	}
	return " [" + strings.Join(cites, " ") + "]"
}

// suspects lists the causes where there is more than the headline says.
func (p *textPrinter) suspects() {
	if len(p.v.Causes) == 0 || len(p.v.Causes) == 1 && p.v.Verdict != string(incident.Inconclusive) {
		return
	}
	p.section("ui.suspects")
	var rows [][]string
	for _, c := range p.v.Causes {
		since := ""
		if c.Onset != "" {
			since = p.o.say("ui.since", "time", c.Onset)
		}
		rows = append(rows, []string{strconv.Itoa(c.Rank), c.Percent, c.Node, c.Name, since + bracket(c.Cites)})
	}
	p.table(rows, 0, 1)
}

func (p *textPrinter) plan() {
	if len(p.v.Steps) == 0 {
		return
	}
	p.section("ui.plan")
	for _, s := range p.v.Steps {
		notes := strings.Join(nonBlank([]string{s.RiskWord, s.Approval}), p.o.say("ui.comma"))
		if notes != "" {
			notes = p.o.say("ui.paren", "text", notes)
		}
		rows := [][]string{{strconv.Itoa(s.Number), s.Text + notes}}
		for _, n := range []pair{{p.o.say("ui.verify"), s.Verify}, {p.o.say("ui.undo"), s.Undo}} {
			if n.Value != "" {
				rows = append(rows, []string{"", p.o.say("ui.labelled", "label", n.Label, "text", n.Value)})
			}
		}
		p.table(rows, 0)
	}
}

func (p *textPrinter) ruledOut() {
	if len(p.v.Rejected) == 0 {
		return
	}
	p.section("ui.ruled_out")
	var rows [][]string
	for _, r := range p.v.Rejected {
		rows = append(rows, []string{r.Node, r.Name, r.Because + bracket(r.Cites)})
	}
	p.table(rows)
}

func (p *textPrinter) spread() {
	if len(p.v.Spread) == 0 {
		return
	}
	p.section("ui.spread")
	var rows [][]string
	for _, s := range p.v.Spread {
		rows = append(rows, []string{s.At, p.o.say("ui.edge", "from", s.From, "to", s.To) + bracket(s.Cites)})
	}
	p.table(rows)
}

// evidence shows what the reasons, causes and rejections cite, in the order of
// the diagnosis, and counts the rest.
func (p *textPrinter) evidence() {
	if len(p.v.Evidence) == 0 {
		return
	}
	p.section("ui.evidence")
	cited := citedIn(p.d)
	var rows [][]string
	for _, e := range p.v.Evidence {
		if !cited[e.ID] || len(rows) == textEvidence {
			continue
		}
		text := e.Text
		if e.Place != "" {
			text += p.o.say("ui.paren", "text", e.Place)
		}
		rows = append(rows, []string{e.ID, e.KindWord, e.At, text})
	}
	p.table(rows)
	if n := len(p.v.Evidence) - len(rows); n > 0 {
		p.line("  " + p.o.paint(p.o.say("ui.more_evidence", "n", strconv.Itoa(n)), dim))
	}
}

// citedIn returns the evidence that a reason, cause or rejection leans on.
func citedIn(d *incident.Diagnosis) map[string]bool {
	out := map[string]bool{}
	for _, r := range d.Reasoning {
		for _, c := range r.Cites {
			out[clean(c)] = true
		}
	}
	mark := func(in []incident.EvidenceID) {
		for _, c := range in {
			out[clean(string(c))] = true
		}
	}
	for _, c := range d.Causes {
		mark(c.Cites)
	}
	for _, r := range d.Rejected {
		mark(r.Cites)
	}
	return out
}

// losses says what was reduced, what was missing, and what it took.
func (p *textPrinter) losses() {
	if len(p.v.Missing) > 0 {
		p.section("ui.missing")
		var rows [][]string
		for _, m := range p.v.Missing {
			rows = append(rows, []string{m.Label, m.Value})
		}
		p.table(rows)
	}
	if len(p.v.Reductions) > 0 {
		p.section("ui.reductions")
		var rows [][]string
		for _, r := range p.v.Reductions {
			rest := ""
			if r.Rest != "" {
				rest = p.o.say("ui.comma") + p.o.say("ui.rest") + " " + r.Rest
			}
			rows = append(rows, []string{r.Stage, r.Amount, r.How + rest})
		}
		p.table(rows)
	}
	if len(p.v.Cost) > 0 {
		p.line("")
		p.line(p.o.paint(strings.Join(p.v.Cost, " · "), dim))
	}
}
