package show

import (
	"fmt"
	"slices"
	"strconv"

	"triagent/eval"
	"triagent/eval/score"
)

// perturbed prints the table of perturbations: one line a set and perturbation,
// each figure beside the unperturbed one.
func (p *printer) perturbed(r *eval.Report) {
	rows := [][]string{{"set, perturbation", "changed", "node@1", "strict", "right of >= .8", "wrong and > .8 sure", "alarms on healthy"}}
	for i := range r.Sets {
		s := &r.Sets[i]
		if len(s.Perturbed) == 0 {
			continue
		}
		was := score.Assured(s.Exact.Rows)
		rows = append(rows, robustness(s.Name, "", s.Exact.Figures, was))
		for _, o := range s.Perturbed {
			rows = append(rows, robustness("  "+o.Name, fmt.Sprintf("%d of %d", o.Changed, s.Cases), o.Figures, o.Sure))
		}
	}
	if len(rows) == 1 {
		return
	}
	p.line("\nperturbed: the first line of a set is the unperturbed one; in brackets, on a wrong node or no fault seen")
	p.table(rows)
}

func robustness(name, changed string, fs []score.Figure, a score.Assurance) []string {
	sure := "n/a"
	if f, ok := score.Find(fs, "sure_right"); ok {
		sure = fmt.Sprintf("%s of %d", number(f.Value), f.N)
	}
	wrong := fmt.Sprintf("%d (%d)", a.Wrong, a.Misplaced)
	return []string{name, changed, cell(fs, "node_ac1"), cell(fs, "strict_recall"), sure, wrong, fmt.Sprintf("%d of %d", a.Alarms, a.Healthy)}
}

// healthy prints the false alarms of healthy windows, a set and pooled, and every
// one of them.
func (p *printer) healthy(r *eval.Report) {
	rows := [][]string{{"healthy windows of", "windows", "splits", "mean length", "false alarms", "share", "95 % interval", "of them > .8 sure"}}
	var all []*score.Row
	for i := range r.Sets {
		if s := &r.Sets[i]; len(s.Exact.Rows) > 0 {
			rows = append(rows, calm(s.Name, s.Exact.Rows))
			if sure := undoubted(s.Exact.Rows); len(sure) < len(s.Exact.Rows) {
				rows = append(rows, calm("  cleaned", sure))
			}
			all = append(all, s.Exact.Rows...)
		}
	}
	rows = append(rows, calm("all", all))
	if sure := undoubted(all); len(sure) < len(all) {
		rows = append(rows, calm("  cleaned: without those that may hold a fault that is not listed", sure))
	}
	p.line("")
	p.table(rows)
	for i := range r.Sets {
		s := &r.Sets[i]
		for _, why := range sortedKeys(s.NoWindows) {
			p.line("  %s: %s give none: %s", s.Name, cases(s.NoWindows[why]), why)
		}
	}
	for _, row := range all {
		switch {
		case row.Error != "":
			p.line("  failed: %s: %s", row.Case, row.Error)
		case row.Alarm && len(row.Causes) > 0:
			c := row.Causes[0]
			doubt := ""
			if row.Doubt != "" {
				doubt = " (doubtful: " + row.Doubt + ")"
			}
			p.line("  %s: %s on %s, %s %.2f: %s%s", row.Case, c.Fault, c.Node, row.Verdict, row.Confidence, row.Because, doubt)
		case row.Alarm:
			p.line("  %s: %s %.2f", row.Case, row.Verdict, row.Confidence)
		}
	}
}

// undoubted are the rows of windows that are not known to hold a fault that is not
// listed.
func undoubted(rows []*score.Row) []*score.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r *score.Row) bool { return r.Doubt != "" })
}

// calm is the line of some healthy windows.
func calm(name string, rows []*score.Row) []string {
	alarms, n, splits, low, high := score.FalseAlarms(rows)
	hours := 0.0
	for _, r := range rows {
		hours += r.Hours
	}
	mean, share := hours*3600/float64(max(n, 1)), float64(alarms)/float64(max(n, 1))
	return []string{
		name, strconv.Itoa(n), strconv.Itoa(splits), fmt.Sprintf("%.0f s", mean), strconv.Itoa(alarms),
		fmt.Sprintf("%.3f", share), fmt.Sprintf("%.3f to %.3f", low, high), strconv.Itoa(score.Assured(rows).Wrong),
	}
}
