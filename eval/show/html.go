package show

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"triagent/eval"
	"triagent/eval/score"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"heading": heading, "about": func(s eval.SetReport) string { return about(&s) }, "number": number, "interval": interval,
	"cell": func(p *eval.Part, key string) string {
		if p == nil {
			return "n/a"
		}
		return cell(p.Figures, key)
	},
	"same": func(p *eval.Part, key string) string {
		if p == nil {
			return "n/a"
		}
		return cell(p.Same, key)
	},
	"beside": func(b eval.Beside, key string) string {
		if t := cell(b.Figures, key); t != "n/a" {
			return t
		}
		return ""
	},
	"bars": bars, "reliability": reliability, "confusion": confusion,
	"verdict": verdictOf, "truth": truthOf, "answer": answerOf,
	"leftOut": func(p *eval.Part) string {
		var out []string
		for _, k := range sortedKeys(p.LeftOut) {
			out = append(out, fmt.Sprintf("%d left out: %s", p.LeftOut[k], k))
		}
		return strings.Join(out, "; ")
	},
}).Parse(pageText))

// HTML writes a report as one page that needs nothing else: styles and charts
// are in it, and it follows the reader's light or dark setting.
func HTML(w io.Writer, r *eval.Report) error { return page.Execute(w, r) }

func truthOf(r *score.Row) string {
	if r.Healthy {
		return "healthy"
	}
	return causes(r.Truth, len(r.Truth))
}

func answerOf(r *score.Row) string {
	if r.Error != "" {
		return "no answer: " + r.Error
	}
	return causes(r.Causes, 3)
}

func causes(cs []score.Cause, most int) string {
	var out []string
	for i, c := range cs {
		if i == most {
			break
		}
		t := strings.TrimSpace(string(c.Fault) + " " + string(c.Node))
		if c.Probability > 0 {
			t += fmt.Sprintf(" (%.2f)", c.Probability)
		}
		out = append(out, t)
	}
	return strings.Join(out, "; ")
}

// verdictOf is a class of the row in the table of cases: good, part or bad.
func verdictOf(r *score.Row) string {
	right, ok := r.Correct()
	if !ok {
		share, _ := r.TopFaults(3)
		right = share == 1
	}
	if right {
		return "good"
	}
	if p, ok := r.NodePlace(); ok && p.AC[0] > 0 {
		return "part"
	}
	return "bad"
}

// chartFigures are drawn as bars, where a set has them.
var chartFigures = []struct{ key, name string }{
	{"detect_f1", "detection F1"},
	{"node_ac1", "node@1"},
	{"node_ac3", "node@3"},
	{"service_ac1", "service@1"},
	{"type_macro_f1", "type macro-F1"},
	{"type_top3", "faults in top 3"},
	{"strict_recall", "node and type"},
	{"iou", "window IoU"},
}

// bars draws the main figures of a set with their intervals; a tick marks the
// late figure, small circles the naive rankers.
func bars(s eval.SetReport) template.HTML {
	const left, width, line = 130, 420, 26
	var b strings.Builder
	y := 8
	for _, c := range chartFigures {
		f, ok := score.Find(s.Exact.Figures, c.key)
		if !ok {
			continue
		}
		x := func(v float64) float64 { return left + width*math.Max(0, math.Min(1, v)) }
		fmt.Fprintf(&b, `<text x="%d" y="%d" class="lab" text-anchor="end">%s</text>`, left-8, y+14, c.name)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="18" class="track"/>`, left, y, width)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="18" class="bar"><title>%s %s, 95 %% interval %s, n %d</title></rect>`,
			left, y, x(f.Value)-left, c.name, number(f.Value), interval(f), f.N)
		if !math.IsNaN(f.Low) {
			fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="whisk"/>`, x(f.Low), x(f.High), y+9, y+9)
		}
		if s.Late != nil {
			if l, ok := score.Find(s.Late.Figures, c.key); ok {
				fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="late"><title>late alarm: %s</title></line>`, x(l.Value), x(l.Value), y-2, y+20, number(l.Value))
			}
		}
		for _, n := range s.Exact.Beside {
			if v, ok := score.Find(n.Figures, c.key); ok {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%d" r="4" class="naive"><title>%s: %s</title></circle>`, x(v.Value), y+9, template.HTMLEscapeString(n.Name), number(v.Value))
			}
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" class="val">%s</text>`, left+width+8, y+14, number(f.Value))
		y += line
	}
	return svg(left+width+60, y+4, "figures of "+s.Name, b.String())
}

// reliability draws accuracy over confidence; the diagonal is a perfect engine.
func reliability(bins []score.Bin) template.HTML {
	const size, left, top = 200, 34, 8
	var b strings.Builder
	fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" class="track"/>`, left, top, size, size)
	fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" class="diag"/>`, left, top+size, left+size, top)
	most := 1
	for _, bin := range bins {
		most = max(most, bin.N)
	}
	for _, bin := range bins {
		if bin.N == 0 {
			continue
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%.1f" class="dot"><title>confidence %.2f, right %.2f, n %d</title></circle>`,
			left+size*bin.Mean, top+size*(1-bin.Accuracy), 3+7*math.Sqrt(float64(bin.N)/float64(most)), bin.Mean, bin.Accuracy, bin.N)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" class="lab" text-anchor="middle">confidence</text>`, left+size/2, top+size+18)
	fmt.Fprintf(&b, `<text x="14" y="%d" class="lab" text-anchor="middle" transform="rotate(-90 14 %d)">share right</text>`, top+size/2, top+size/2)
	return svg(left+size+12, top+size+26, "reliability", b.String())
}

// confusion draws true faults (lines) by answered ones (columns).
func confusion(c score.Confusion) template.HTML {
	const left, top, side = 160, 130, 26
	var b strings.Builder
	lines := 0
	for i, row := range c.Count {
		sum := 0
		for _, n := range row {
			sum += n
		}
		if sum == 0 {
			continue
		}
		y := top + lines*side
		lines++
		fmt.Fprintf(&b, `<text x="%d" y="%d" class="lab" text-anchor="end">%s</text>`, left-6, y+17, template.HTMLEscapeString(c.Labels[i]))
		for j, n := range row {
			class := "wrong"
			if i == j {
				class = "right"
			}
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" class="track"/>`, left+j*side, y, side-2, side-2)
			if n > 0 {
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" class="%s" opacity="%.2f"/><text x="%d" y="%d" class="val" text-anchor="middle">%d</text>`,
					left+j*side, y, side-2, side-2, class, .25+.75*float64(n)/float64(sum), left+j*side+side/2-1, y+17, n)
			}
		}
	}
	for j, l := range c.Labels {
		x := left + j*side + 16
		fmt.Fprintf(&b, `<text x="%d" y="%d" class="lab" transform="rotate(-50 %d %d)">%s</text>`, x, top-6, x, top-6, template.HTMLEscapeString(l))
	}
	return svg(left+len(c.Labels)*side+90, top+lines*side+6, "confusion matrix", b.String())
}

// svg wraps the shapes of a chart. Every text in body is a constant, a number or
// escaped by its caller.
func svg(w, h int, title, body string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s">%s</svg>`, w, h, w, template.HTMLEscapeString(title), body))
}
