package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
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

// htmlCharts bounds the charts of one diagnosis; those of the culprit come
// first as the engine orders them.
const htmlCharts = 24

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
	for _, c := range d.Charts {
		if v, ok := o.chart(c, &d); ok && len(a.Charts) < htmlCharts {
			a.Charts = append(a.Charts, v)
		}
	}
	return a
}

// Kinds are the kinds of evidence that the legend of the timeline names.
func (a article) Kinds() []legendView {
	return each([]incident.Kind{incident.Metric, incident.Log, incident.Trace, incident.Occurred}, func(k incident.Kind) legendView {
		return legendView{string(k), a.o.name("kind", string(k))}
	})
}
