// Package show prints the reports of package eval: as a table for people and as
// one self-contained HTML page with charts.
package show

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"triagent/eval"
	"triagent/eval/score"
)

// overview are the figures of the table over all sets.
var overview = []struct{ key, head string }{
	{"detect_precision", "precision"},
	{"detect_recall", "recall"},
	{"detect_f1", "detect F1"},
	{"node_ac1", "node@1"},
	{"node_ac3", "node@3"},
	{"service_ac1", "service@1"},
	{"type_macro_f1", "type F1"},
	{"type_top3", "top-3 faults"},
	{"strict_recall", "strict"},
	{"iou_half", "IoU>=.5"},
	{"ece", "ECE"},
	{"sound", "sound"},
	{"wall_ms", "ms"},
}

// Text prints a report as tables: one over all sets, then one a set.
func Text(w io.Writer, r *eval.Report) error {
	p := &printer{w: w}
	p.line("%s", heading(r))
	if r.Settings.HealthyWindows > 0 {
		p.healthy(r)
		return p.err
	}
	p.overview(r)
	p.pooled(r.Pooled)
	p.perturbed(r)
	for i := range r.Sets {
		p.set(&r.Sets[i])
	}
	return p.err
}

func heading(r *eval.Report) string {
	s := fmt.Sprintf("triagent eval, version %s, engine %s %s", r.Program, r.Engine.Name, r.Engine.Version)
	if r.Engine.Model != "" {
		s += ", model " + r.Engine.Model
	}
	s += fmt.Sprintf(", seed %d, %.0f s", r.Seed, r.Seconds)
	o := r.Settings
	if len(o.Cases) > 0 {
		s += ", cases " + strings.Join(o.Cases, " ")
	}
	if o.Memory != "" {
		s += ", memory " + o.Memory
	}
	if o.Rename != "" {
		s += ", renamed " + string(o.Rename)
	}
	if o.Window != "" {
		s += ", window " + string(o.Window)
	}
	if o.WithoutRoles {
		s += ", without roles"
	}
	if len(o.Knowledge) > 0 {
		s += ", knowledge " + strings.Join(o.Knowledge, " ")
	}
	if o.Trials > 1 {
		s += fmt.Sprintf(", %d trials a case", o.Trials)
	}
	return s
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, a ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, clean(fmt.Sprintf(format, a...))+"\n")
	}
}

// clean takes control characters out of what names and messages of a bundle may
// hold: they must not steer a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s)
}

// table prints rows of cells; the first column is flush left.
func (p *printer) table(rows [][]string) {
	if p.err != nil {
		return
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	for _, r := range rows {
		r[0] += strings.Repeat(" ", width-len(r[0]))
		for i := range r {
			r[i] = clean(r[i])
		}
		if _, p.err = fmt.Fprintln(t, strings.Join(r, "\t")+"\t"); p.err != nil {
			return
		}
	}
	p.err = t.Flush()
}

func (p *printer) overview(r *eval.Report) {
	cols := overview[:0:0]
	for _, c := range overview {
		if slices.ContainsFunc(r.Sets, func(s eval.SetReport) bool { _, ok := score.Find(s.Exact.Figures, c.key); return ok }) {
			cols = append(cols, c)
		}
	}
	head := []string{"set", "cases", "healthy"}
	for _, c := range cols {
		head = append(head, c.head)
	}
	rows := [][]string{append(head, "late node@1", "same, exact")}
	for _, s := range r.Sets {
		row := []string{s.Name, strconv.Itoa(s.Cases), strconv.Itoa(s.Healthy)}
		for _, c := range cols {
			row = append(row, cell(s.Exact.Figures, c.key))
		}
		late, same := "n/a", "n/a"
		if s.Late != nil {
			late, same = cell(s.Late.Figures, "node_ac1"), cell(s.Late.Same, "node_ac1")
		}
		rows = append(rows, append(row, late, same))
	}
	p.line("")
	p.table(rows)
}

// pooled prints the figures over all sets.
func (p *printer) pooled(all *eval.Pooled) {
	if all == nil {
		return
	}
	p.line("\nall sets together")
	rows := [][]string{{"  figure", "value", "95 % interval", "n", "late", "same, exact"}}
	for _, f := range all.Figures {
		rows = append(rows, []string{"  " + titled(f), number(f.Value), interval(f), strconv.Itoa(f.N), cell(all.Late, f.Key), cell(all.Same, f.Key)})
	}
	p.table(rows)
	if len(all.Refits) == 0 {
		return
	}
	rows = [][]string{{"  scale refit without", "its answers", "shift", "slope", ".8 becomes"}}
	for _, f := range all.Refits {
		rows = append(rows, []string{"  " + f.System, strconv.Itoa(f.Rows), number(f.Shift), number(f.Slope), number(f.At(.8))})
	}
	p.table(rows)
}

// set prints every figure of a set with its interval, that of a late alarm and
// that of the exact alarm on the same cases, and those of the naive rankers.
func (p *printer) set(s *eval.SetReport) {
	p.line("\n%s: %s", s.Name, about(s))
	if s.Notes != "" {
		p.line("  %s", s.Notes)
	}
	head := []string{"  figure", "value", "95 % interval", "n", "late", "same, exact"}
	for _, b := range s.Exact.Beside {
		head = append(head, b.Name)
	}
	rows := [][]string{head}
	for _, f := range s.Exact.Figures {
		row := []string{"  " + titled(f), number(f.Value), interval(f), strconv.Itoa(f.N)}
		late, same := "n/a", "n/a"
		if s.Late != nil {
			late, same = cell(s.Late.Figures, f.Key), cell(s.Late.Same, f.Key)
		}
		row = append(row, late, same)
		for _, b := range s.Exact.Beside {
			text := cell(b.Figures, f.Key)
			if text == "n/a" {
				text = ""
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	p.table(rows)
	if s.Late != nil {
		for _, why := range sortedKeys(s.Late.LeftOut) {
			p.line("  late: %s left out: %s", cases(s.Late.LeftOut[why]), why)
		}
	}
	p.failures(s)
}

func (p *printer) failures(s *eval.SetReport) {
	for _, r := range s.Exact.Rows {
		if r.Error != "" {
			p.line("  failed: %s: %s", r.Case, r.Error)
		}
	}
}

func about(s *eval.SetReport) string {
	t := fmt.Sprintf("%s, %d faulty, %d healthy", cases(s.Cases), s.Faulty, s.Healthy)
	if s.Drawn > 0 {
		t += fmt.Sprintf(" (%d drawn)", s.Drawn)
	}
	if s.Healthy == 0 {
		t += ", detection n/a"
	}
	if s.Bundled > 0 {
		t += fmt.Sprintf(", %d bundled with the program", s.Bundled)
	}
	t += fmt.Sprintf(", %d failed", s.Failed)
	if s.HeldOut > 0 {
		t += fmt.Sprintf(", %d solved cases held out of memory", s.HeldOut)
	}
	t += ", checksum " + s.Checksum[:min(12, len(s.Checksum))]
	if s.Changed {
		t += " (not that of the import)"
	}
	return t
}

// cases counts cases.
func cases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return strconv.Itoa(n) + " cases"
}

// titled is the name of a figure with its unit.
func titled(f score.Figure) string {
	if f.Unit == "" {
		return f.Name
	}
	return f.Name + ", " + f.Unit
}

func cell(fs []score.Figure, key string) string {
	f, ok := score.Find(fs, key)
	if !ok {
		return "n/a"
	}
	return number(f.Value)
}

// number prints a share with two decimals, larger things with three digits.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "n/a"
	case math.Abs(v) < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case math.Abs(v) < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func interval(f score.Figure) string {
	if math.IsNaN(f.Low) || math.IsNaN(f.High) {
		return "n/a"
	}
	return number(f.Low) + " to " + number(f.High)
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
