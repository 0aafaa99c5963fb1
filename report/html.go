package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"sync"

	"triagent/incident"
)

//go:embed page.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

// pageTemplate is parsed when the first page is wanted.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageSource))
})

// What a page shows of long lists at once; the rest opens on demand.
const (
	firstCharts = 9
	mostCharts  = 36
)

// page is what the template gets.
type page struct {
	Lang     string
	Title    string
	Style    template.CSS // ours, embedded
	Rows     []row        // overview; empty where the page is about one incident
	Articles []article
	Recorded bool
	o        Options
}

// L words a label.
func (p page) L(key string) string { return p.o.say(key) }

// article is one diagnosis of a page.
type article struct {
	view
	Prefix   string // of the identifiers
	Err      string // why there is no diagnosis
	Charts   []chartView
	Further  []chartView    // charts that open on demand
	Cited    []evidenceView // evidence that something leans on
	Others   []evidenceView // the rest
	Graph    *graphView
	Timeline *timelineView
	Back     bool // there is an overview to go back to
	o        Options
}

// L words a label.
func (a article) L(key string) string { return a.o.say(key) }

// HTML writes one page that holds the whole of every result and nothing from
// elsewhere: no script, no font, no image. Several results get an overview in
// front. It returns errors of w.
func HTML(w io.Writer, results []Result, o Options) error {
	p := o.page(results)
	for i, r := range results {
		p.Articles = append(p.Articles, o.article(r, "i"+strconv.Itoa(i)+"-", len(results) > 1))
	}
	if len(results) == 1 {
		p.Rows, p.Title = nil, p.Articles[0].ID+" · "+p.Articles[0].Headline
	}
	return p.write(w)
}

// HTMLIndex writes a page with the overview alone, whose lines lead to the
// Links of the results.
func HTMLIndex(w io.Writer, results []Result, o Options) error {
	return o.page(results).write(w)
}

func (o Options) page(results []Result) page {
	p := page{Lang: "en", Title: o.say("ui.incidents"), Style: template.CSS(pageStyle), o: o}
	if o.Lang == Chinese {
		p.Lang = "zh-CN"
	}
	for i, r := range results {
		row := o.row(r)
		if row.Link == "" {
			row.Link = "#i" + strconv.Itoa(i) + "-"
		}
		p.Rows = append(p.Rows, row)
		p.Recorded = p.Recorded || r.Known.Recorded
	}
	return p
}

func (p page) write(w io.Writer) error {
	if err := pageTemplate().Execute(w, p); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}

func (o Options) article(r Result, prefix string, back bool) article {
	a := article{Prefix: prefix, Back: back, o: o}
	if r.Err != nil {
		a.ID, a.Err = clean(string(r.Diagnosis.Incident.ID)), clean(r.Err.Error())
		a.Headline = o.say("ui.error")
		return a
	}
	d := r.Diagnosis
	a.view = o.view(&d)
	a.Graph, a.Timeline = o.graph(&d, prefix), o.timeline(&d)
	a.Charts = o.charts(&d)
	if len(a.Charts) > firstCharts {
		a.Charts, a.Further = a.Charts[:firstCharts], a.Charts[firstCharts:]
	}
	cited := citedIn(&d)
	for _, e := range a.Evidence {
		if cited[e.ID] {
			a.Cited = append(a.Cited, e)
		} else {
			a.Others = append(a.Others, e)
		}
	}
	return a
}

// charts draws the series: those of the first cause's node before the others,
// what changed more before what changed less.
func (o Options) charts(d *incident.Diagnosis) []chartView {
	order := slices.Clone(d.Charts)
	weight := func(c incident.Chart) float64 {
		e, ok := evidenceOf(d, c.Evidence)
		switch {
		case !ok:
			return -1
		case len(d.Causes) > 0 && e.Node == d.Causes[0].Node:
			return 1e9 + e.Score
		}
		return e.Score
	}
	slices.SortStableFunc(order, func(a, b incident.Chart) int { return cmp.Compare(weight(b), weight(a)) })
	var out []chartView
	for _, c := range order {
		if v, ok := o.chart(c, d); ok && len(out) < mostCharts {
			out = append(out, v)
		}
	}
	return out
}

// More words how many things open on demand.
func (a article) More(n int) string { return a.o.say("ui.further", "n", strconv.Itoa(n)) }

// onPage is a chart with the prefix of its article.
type onPage struct {
	Prefix string
	Chart  chartView
}

// On gives a chart the prefix of the article.
func (a article) On(c chartView) onPage { return onPage{a.Prefix, c} }

// Tip is what a citation shows when the pointer rests on it.
func (a article) Tip(id string) string {
	for _, e := range a.Evidence {
		if e.ID == id {
			return e.At + "  " + e.Text
		}
	}
	for _, f := range a.Findings {
		if f.ID == id {
			return f.Node + "  " + f.Text
		}
	}
	return ""
}

// First are the causes that deserve a look.
func (a article) First() []causeView { return a.Causes[:a.Likely] }

// Unlikely are the causes that hardly deserve a look.
func (a article) Unlikely() []causeView { return a.Causes[a.Likely:] }

// Kinds are the kinds of evidence that the legend of the timeline names.
func (a article) Kinds() []legendView {
	return each([]incident.Kind{incident.Metric, incident.Log, incident.Trace, incident.Occurred}, func(k incident.Kind) legendView {
		return legendView{string(k), a.o.name("kind", string(k))}
	})
}
