package report

import (
	"io"
	"strconv"
	"strings"

	"triagent/incident"
)

// Markdown writes a diagnosis as CommonMark with tables, for a ticket or a
// wiki: everything but the pictures. It returns only errors of w.
func Markdown(w io.Writer, d incident.Diagnosis, o Options) error {
	v := o.view(&d)
	m := mdPrinter{o: o}
	title := v.Headline
	if v.Since != "" && v.Verdict != string(incident.Healthy) {
		title += o.say("ui.comma") + v.Since
	}
	m.line("# " + escape(title))
	m.line("")
	m.line("**" + escape(v.VerdictWord+" "+v.Percent) + "** · " + escape(strings.Join(nonBlank(append([]string{v.ID, v.Title}, v.Rest()...)), " · ")))
	if v.Summary != "" {
		m.line("")
		m.line(escape(v.Summary))
	}
	m.why(v)
	m.plan(v)
	m.rest(v)
	_, err := io.WriteString(w, m.b.String())
	return err
}

type mdPrinter struct {
	o Options
	b strings.Builder
}

func (m *mdPrinter) line(s string) { m.b.WriteString(s + "\n") }

func (m *mdPrinter) section(key string) {
	m.line("")
	m.line("## " + escape(m.o.say(key)))
	m.line("")
}

// table writes a table; its cells must be escaped already.
func (m *mdPrinter) table(keys []string, rows [][]string) {
	m.line("| " + strings.Join(each(keys, func(k string) string {
		if k == "" {
			return " "
		}
		return escape(m.o.say(k))
	}), " | ") + " |")
	m.line(strings.Repeat("|---", len(keys)) + "|")
	for _, r := range rows {
		m.line("| " + strings.Join(r, " | ") + " |")
	}
}

func (m *mdPrinter) why(v view) {
	if len(v.Reasons) > 0 {
		m.section("ui.why")
		for _, r := range v.Reasons {
			m.line(strconv.Itoa(r.Number) + ". " + escape(r.Text) + mdCites(r.Cites))
		}
	}
	if len(v.Causes) > 0 {
		m.section("ui.suspects")
		m.table([]string{"", "ui.probability", "ui.node", "ui.role", "ui.fault", "ui.onset", "ui.cites"}, each(v.Causes, func(c causeView) []string {
			return []string{strconv.Itoa(c.Rank), c.Percent, code(c.Node), escape(c.Role), escape(c.Name), c.Onset, mdCites(c.Cites)}
		}))
	}
	if len(v.Rejected) > 0 {
		m.section("ui.ruled_out")
		for _, r := range v.Rejected {
			m.line("- " + code(r.Node) + " " + escape(m.o.say("ui.labelled", "label", r.Name, "text", r.Because)) + mdCites(r.Cites))
		}
	}
	if len(v.Spread) > 0 {
		m.section("ui.spread")
		for _, s := range v.Spread {
			m.line(strings.TrimRight("- "+s.At, " ") + " " + code(s.From) + " → " + code(s.To) + mdCites(s.Cites))
		}
	}
}

func (m *mdPrinter) plan(v view) {
	if len(v.Steps) == 0 {
		return
	}
	m.section("ui.plan")
	for _, s := range v.Steps {
		notes := strings.Join(nonBlank([]string{s.RiskWord, s.Approval}), m.o.say("ui.comma"))
		if notes != "" {
			notes = m.o.say("ui.paren", "text", notes)
		}
		m.line(strconv.Itoa(s.Number) + ". " + escape(s.Text+notes))
		if s.Verify != "" {
			m.line("   - " + escape(m.o.say("ui.labelled", "label", m.o.say("ui.verify"), "text", s.Verify)))
		}
		if s.Undo != "" {
			m.line("   - " + escape(m.o.say("ui.labelled", "label", m.o.say("ui.undo"), "text", s.Undo)))
		}
	}
}

func (m *mdPrinter) rest(v view) {
	if len(v.Evidence) > 0 {
		m.section("ui.evidence")
		m.table([]string{"", "ui.kind", "ui.node", "ui.observation", "ui.score", "ui.source"}, each(v.Evidence, func(e evidenceView) []string {
			return []string{escape(e.ID), escape(e.KindWord), code(e.At), escape(e.Text), e.Score, code(strings.TrimSpace(e.Place + " " + e.Query))}
		}))
	}
	if len(v.Templates) > 0 {
		m.section("ui.templates")
		m.table([]string{"ui.node", "ui.level", "ui.template", "ui.in_window", "ui.in_baseline"}, each(v.Templates, func(t templateView) []string {
			return []string{code(t.Node), escape(t.Level), code(t.Template), t.Window, t.Baseline}
		}))
	}
	if len(v.Missing) > 0 {
		m.section("ui.missing")
		for _, p := range v.Missing {
			m.line("- " + escape(m.o.say("ui.labelled", "label", p.Label, "text", p.Value)))
		}
	}
	if len(v.Reductions) > 0 {
		m.section("ui.reductions")
		m.table([]string{"ui.stage", "ui.what", "ui.how", "ui.rest"}, each(v.Reductions, func(r reductionView) []string {
			return []string{escape(r.Stage), escape(r.Amount), escape(r.How), code(r.Rest)}
		}))
	}
	if len(v.About) > 0 {
		m.section("ui.about")
		for _, p := range v.About {
			m.line("- " + escape(m.o.say("ui.labelled", "label", p.Label, "text", p.Value)))
		}
		for _, c := range v.Cost {
			m.line("- " + escape(c))
		}
		m.line("- " + escape(m.o.say("ui.utc")))
	}
}

func mdCites(cites []string) string {
	if len(cites) == 0 {
		return ""
	}
	return escape(" [" + strings.Join(cites, " ") + "]")
}

// escape keeps clean text from being read as Markdown or HTML. Every mark that
// means something anywhere in a line is escaped; numbers and dashes matter at
// the start of a line only, where no foreign text stands.
func escape(s string) string {
	if !strings.ContainsAny(s, "\\`*_[]<>|&#~!$") {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '\\', '`', '*', '_', '[', ']', '|', '#', '~', '!', '$':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code wraps clean text in a code span that nothing in it can close; a bar,
// which would end a table cell even there, becomes a broken bar.
func code(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(s, "|", "¦")
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}
