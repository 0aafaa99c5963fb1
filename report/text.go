package report

import (
	"io"
	"strconv"
	"strings"

	"triagent/incident"
)

// What the terminal shows of long lists; the rest is a count, since the first
// screen has to hold what matters.
const (
	textEvidence = 8 // cited evidence that no step of the reasoning showed
	textRejected = 4
)

// Text writes a diagnosis for a terminal: verdict, who, how and since when
// first, then why, with the evidence, what to do, the other suspects, and what
// was ruled out, reduced or missing. It returns only errors of w.
func Text(w io.Writer, d incident.Diagnosis, o Options) error {
	p := textPrinter{o: o, v: o.view(&d), d: &d, shown: map[string]bool{}, named: map[string]bool{}}
	p.head()
	p.why()
	p.plan()
	p.suspects()
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

	shown map[string]bool // evidence that was shown
	named map[string]bool // evidence that was cited
}

// cite formats citations behind a text, and remembers them.
func (p *textPrinter) cite(cites []string) string {
	if len(cites) == 0 {
		return ""
	}
	for _, c := range cites {
		p.named[c] = true
	}
	return " [" + strings.Join(cites, " ") + "]"
}

// more counts what a list leaves out.
func (p *textPrinter) more(n int) {
	if n > 0 {
		p.line("  " + p.o.paint(p.o.say("ui.more", "n", strconv.Itoa(n)), dim))
	}
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
	p.lines(g.lines("  ", p.o.width()))
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

// why prints the steps, and below each the evidence that no step before it
// showed.
func (p *textPrinter) why() {
	if len(p.v.Reasons) == 0 {
		return
	}
	p.section("ui.why")
	for _, r := range p.v.Reasons {
		g := grid{rows: [][]string{{strconv.Itoa(r.Number), r.Text + p.cite(r.Cites)}}}
		p.lines(g.lines("  ", p.o.width()))
		proof := grid{}
		for _, e := range r.Proof {
			p.shown[e.ID] = true
			proof.rows = append(proof.rows, p.evidenceRow(e))
		}
		p.lines(proof.lines("       ", p.o.width()))
	}
}

// evidenceRow is evidence as a row of a table: where, what, and its source.
func (p *textPrinter) evidenceRow(e evidenceView) []string {
	text := e.Text
	if e.Place != "" {
		text += p.o.say("ui.paren", "text", e.Place)
	}
	return []string{e.ID, e.At, text}
}

func (p *textPrinter) lines(lines []string) {
	for _, l := range lines {
		p.line(l)
	}
}

// suspects lists the causes where there is more than the headline says.
func (p *textPrinter) suspects() {
	if len(p.v.Causes) == 0 || len(p.v.Causes) == 1 && p.v.Verdict != string(incident.Inconclusive) {
		return
	}
	p.section("ui.suspects")
	var rows [][]string
	for _, c := range p.v.Causes[:p.v.Likely] {
		since := ""
		if c.Onset != "" {
			since = p.o.say("ui.since", "time", c.Onset)
		}
		rows = append(rows, []string{strconv.Itoa(c.Rank), c.Percent, c.Node, c.Name, since + p.cite(c.Cites)})
	}
	p.table(rows, 0, 1)
	p.more(len(p.v.Causes) - len(rows))
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
	for _, r := range p.v.Rejected[:min(len(p.v.Rejected), textRejected)] {
		rows = append(rows, []string{r.Node, r.Name, r.Because + p.cite(r.Cites)})
	}
	p.table(rows)
	p.more(len(p.v.Rejected) - len(rows))
}

func (p *textPrinter) spread() {
	if len(p.v.Spread) == 0 {
		return
	}
	p.section("ui.spread")
	var rows [][]string
	for _, s := range p.v.Spread {
		rows = append(rows, []string{s.At, p.o.say("ui.edge", "from", s.From, "to", s.To) + p.cite(s.Cites)})
	}
	p.table(rows)
}

// evidence shows what was cited and not shown yet, each text once, and counts
// the rest.
func (p *textPrinter) evidence() {
	read := map[twin]bool{}
	for _, e := range p.v.Evidence {
		if p.shown[e.ID] {
			read[e.twin()] = true
		}
	}
	var rows [][]string
	rest := 0
	for _, e := range p.v.Evidence {
		switch {
		case read[e.twin()]:
		case p.named[e.ID] && len(rows) < textEvidence:
			read[e.twin()] = true
			rows = append(rows, p.evidenceRow(e))
		default:
			rest++
		}
	}
	if len(rows) == 0 && rest == 0 {
		return
	}
	p.section("ui.evidence")
	p.table(rows)
	p.more(rest)
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
