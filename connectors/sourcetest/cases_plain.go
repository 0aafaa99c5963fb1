package sourcetest

import (
	"slices"
	"sync"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// answers checks what a source gives when nothing is wrong.
func (b *bench) answers() {
	d := b.open(nil)
	src := b.source(d.URL)
	for _, r := range b.both(src) {
		if r.err != nil {
			b.fatalf("%s: %v", r.what, r.err)
		}
		for _, f := range r.rec.Got().Found {
			b.checkFound(f)
		}
		if r.what == "Collect" {
			b.checkRows(r.rec)
			b.t.Logf("%d samples, %d lines, %d spans, %d changes, %d alerts in %v, %d requests:%s",
				r.rec.Tally().Samples, r.rec.Tally().Lines, r.rec.Tally().Spans, r.rec.Tally().Changes, r.rec.Tally().Alerts,
				r.took.Round(time.Millisecond), d.requests.Load(), d.paths())
		}
	}
	if most := d.most.Load(); most > 4 {
		b.errorf("there were %d requests at once where at_once is 4", most)
	}
	if l, ok := src.(interface{ Load() connectors.Load }); ok {
		if got := l.Load(); got.Requests != d.requests.Load() || got.Bytes == 0 {
			b.errorf("Load is %+v after %d requests", got, d.requests.Load())
		}
	}
}

func (b *bench) checkFound(f connectors.Found) {
	for _, n := range f.Nodes {
		if len(n.Names) == 0 || slices.Contains(n.Names, "") {
			b.errorf("a node has no name, or an empty one: %+v", n)
		}
	}
	for _, l := range f.Lacks {
		if l.What == "" || l.Why == "" {
			b.errorf("a lack does not say what and why: %+v", l)
		}
	}
	for _, r := range f.Roles {
		if r.Node == "" || r.Role == "" {
			b.errorf("a role without a node or a word: %+v", r)
		}
	}
}

func (b *bench) checkRows(rec *Recorder) {
	if rec.Tally().Rows() == 0 {
		b.errorf("nothing came of what the server has")
	}
	got := rec.Got()
	for _, s := range got.Series {
		switch {
		case len(s.Times) == 0 || len(s.Times) != len(s.Values):
			b.errorf("series %s of %s has %d times and %d values", s.Name, s.Node, len(s.Times), len(s.Values))
		case !slices.IsSorted(s.Times):
			b.errorf("series %s of %s is not in order", s.Name, s.Node)
		case s.Query == "" || s.Name == "":
			b.errorf("series %q of %s has no name, or does not say by which query it came", s.Name, s.Node)
		default:
			b.within("series "+s.Name, s.Times[0])
			b.within("series "+s.Name, s.Times[len(s.Times)-1])
		}
	}
	for _, l := range got.Lines {
		if l.Query == "" {
			b.errorf("a line of %s does not say by which query it came: %.100q", l.Node, l.Body)
		}
		b.within("a line", l.Time)
	}
	for _, s := range got.Spans {
		if s.Query == "" || s.TraceID == "" || s.SpanID == "" {
			b.errorf("a span has no ID, or does not say by which query it came: %+v", s)
		}
	}
	for _, c := range got.Changes {
		if c.Query == "" || c.Kind == "" {
			b.errorf("a change has no kind, or does not say by which query it came: %+v", c)
		}
		b.within("a change", c.Time)
	}
}

// within checks that a time lies in the span; 0 is none. A scrape and a page may
// lie across its ends by so much.
func (b *bench) within(what string, at int64) {
	w := incident.Window{From: b.s.Ask.Span.From.Add(-time.Minute), To: b.s.Ask.Span.To.Add(time.Minute)}
	if at != 0 && !w.Contains(time.Unix(0, at)) {
		b.errorf("%s is of %v, which nobody asked for (%v to %v)", what, time.Unix(0, at).UTC(), b.s.Ask.Span.From.UTC(), b.s.Ask.Span.To.UTC())
	}
}

// empty checks that no rows is no error.
func (b *bench) empty() {
	r := b.collect(b.t.Context(), b.source(b.open(nil).URL), b.s.Empty, &Recorder{})
	if n := r.rec.Tally().Rows(); r.err != nil || n != 0 {
		b.errorf("%d rows where there are none, %v", n, r.err)
	}
}

// limit checks that no more comes than is asked for, and that the rest is told.
func (b *bench) limit() {
	whole, d := b.whole()
	ask := b.s.Ask
	ask.Limit = connectors.Limit{Samples: (whole.Samples + 1) / 2, Lines: (whole.Lines + 1) / 2, Spans: (whole.Spans + 1) / 2}
	r := b.collect(b.t.Context(), b.source(d.URL), ask, &Recorder{})
	got := r.rec.Tally()
	if over(got.Samples, ask.Limit.Samples) || over(got.Lines, ask.Limit.Lines) || over(got.Spans, ask.Limit.Spans) {
		b.errorf("%+v came where the limit is %+v", got, ask.Limit)
	}
	if r.err != nil {
		b.fails(r, "exhausted")
		return
	}
	less := got.Samples < whole.Samples || got.Lines < whole.Lines || got.Spans < whole.Spans
	if less && len(r.rec.Got().Reduced) == 0 && len(r.told) == 0 {
		b.errorf("%+v came of %+v and nothing tells of the rest", got, whole)
	}
}

func over(got, limit int64) bool { return limit > 0 && got > limit }

// concurrent checks that calls at once give what one gives.
func (b *bench) concurrent() {
	want, d := b.whole()
	src := b.source(d.URL)
	d.most.Store(0)
	results := make([]result, 6)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			if i%3 == 2 {
				results[i] = b.discover(b.t.Context(), src)
			} else {
				results[i] = b.collect(b.t.Context(), src, b.s.Ask, &Recorder{})
			}
		})
	}
	wg.Wait()
	for _, r := range results {
		b.succeeds(r, want)
	}
	if most := d.most.Load(); most > 4 {
		b.errorf("there were %d requests at once where at_once is 4", most)
	}
}
