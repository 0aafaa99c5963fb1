package show

import (
	"fmt"
	"io"
	"math"

	"triagent/eval"
	"triagent/eval/score"
)

// Compare prints a comparison: the figures that moved, then the cases that got
// worse and those that got better.
func Compare(w io.Writer, c *eval.Comparison) error {
	p := &printer{w: w}
	p.line("before: %s\nafter:  %s", c.Before, c.After)
	for _, n := range c.Notes {
		p.line("note: %s", n)
	}
	for i := range c.Sets {
		p.compareSet(&c.Sets[i])
	}
	return p.err
}

func (p *printer) compareSet(s *eval.SetComparison) {
	p.line("\n%s: %s, %d better, %d worse, sign test p = %.3f", s.Name, cases(s.Cases), s.Better, s.Worse, s.P)
	rows := [][]string{{"  figure", "before", "after", "change", "95 % interval"}}
	for _, d := range s.Deltas {
		if d.Before == d.After || cost(d.Key) {
			continue
		}
		rows = append(rows, []string{"  " + d.Name, number(d.Before), number(d.After), signed(d.After - d.Before), span(d)})
	}
	if len(rows) > 1 {
		p.table(rows)
	}
	for _, better := range []bool{false, true} {
		for _, c := range s.Changes {
			if c.Better == better {
				word := "worse "
				if better {
					word = "better"
				}
				p.line("  %s  %s (%s): %s -> %s", word, c.Case, c.Truth, c.Before, c.After)
			}
		}
	}
	if n := len(s.Missing); n > 0 {
		p.line("  in one run only: %s", cases(n))
	}
}

// cost reports whether a figure is about what a diagnosis took, which differs
// between any two runs.
func cost(key string) bool { return key == "wall_ms" || key == "cpu_ms" || key == "peak_mb" }

func signed(v float64) string {
	if v >= 0 {
		return "+" + number(v)
	}
	return number(v)
}

func span(d score.Delta) string {
	if math.IsNaN(d.Low) {
		return "n/a"
	}
	return fmt.Sprintf("%s to %s", signed(d.Low), signed(d.High))
}
