package iotdb

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// The bounds of one page: cells, and rows, of which the REST service gives ten
// thousand at most.
const (
	pageCells = 400_000
	pageRows  = 5000
	firstRows = 200 // when it is not known how many series there are
)

// series hands over the users' time series. A pattern that the cluster refuses
// is missing and costs only itself.
func (r *run) series(ctx context.Context) error {
	if len(r.c.Series) == 0 {
		return nil
	}
	unit, err := r.precision(ctx)
	if err != nil {
		return err
	}
	for _, p := range r.c.Series {
		err := r.pattern(ctx, p, unit)
		switch k := errs.KindOf(err); {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isRefused(err) && (k == errs.Invalid || k == errs.Denied):
			if err := r.to.Missing(incident.Missing{What: "time series " + p.Path, Why: explain(err)}); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// precision asks for the unit of the cluster's time stamps.
func (r *run) precision(ctx context.Context) (time.Duration, error) {
	vars, err := r.variables(ctx)
	if err != nil {
		return 0, err
	}
	switch vars["TimestampPrecision"] {
	case "us":
		return time.Microsecond, nil
	case "ns":
		return time.Nanosecond, nil
	}
	return time.Millisecond, nil
}

// curve is a time series as it grows page by page.
type curve struct {
	node, name string
	times      []int64
	values     []float64
}

// pattern hands over the series of one path pattern as means over steps.
func (r *run) pattern(ctx context.Context, p Pattern, unit time.Duration) error {
	node := regexp.MustCompile(p.Node) // it was compiled by Validate
	from, to := r.ask.Span.From.Truncate(p.Step), r.ask.Span.To
	curves := make(map[string]*curve)
	var order []*curve
	more := 0 // series beyond the bound that were seen
	rows, sql := firstRows, ""
	for from.Before(to) && r.left > 0 {
		end := from.Add(time.Duration(rows) * p.Step)
		if end.After(to) {
			end = to
		}
		sql = p.query(from, end, unit)
		a, err := r.Source.ask(ctx, sql)
		if err != nil {
			return err
		}
		if a.Expressions == nil {
			return errs.New(errs.Invalid, "its answer to %.80s has no series", sql)
		}
		more = max(more, len(a.Expressions)-p.Most)
		for i, e := range a.Expressions[:min(len(a.Expressions), p.Most)] {
			c := curves[e]
			if c == nil {
				c = &curve{}
				c.node, c.name = place(node, p.Node, pathOf(e))
				curves[e] = c
				if c.node != "" {
					order = append(order, c)
				}
			}
			if c.node != "" {
				r.take(c, a, i, unit)
			}
		}
		from = end
		rows = min(max(pageCells/max(len(a.Expressions), 1), 50), pageRows)
	}
	return r.deliver(p, curves, order, more, sql)
}

// query is the statement that asks for the means of [from, to).
func (p *Pattern) query(from, to time.Time, unit time.Duration) string {
	prefix, last := split(p.Path)
	return fmt.Sprintf("select avg(%s) from %s group by ([%d, %d), %dms) slimit %d",
		last, prefix, stamp(from, unit), stamp(to, unit), p.Step.Milliseconds(), p.Most+1)
}

func stamp(t time.Time, unit time.Duration) int64 {
	switch unit {
	case time.Millisecond:
		return t.UnixMilli()
	case time.Microsecond:
		return t.UnixMicro()
	}
	return t.UnixNano()
}

// split cuts a path before its last node.
func split(path string) (prefix, last string) {
	quoted, at := false, 0
	for i := range len(path) {
		switch {
		case path[i] == '`':
			quoted = !quoted
		case path[i] == '.' && !quoted:
			at = i
		}
	}
	return path[:at], path[at+1:]
}

// pathOf takes the function off an expression: avg(root.a.b) is of root.a.b.
func pathOf(expression string) string {
	if in, ok := strings.CutPrefix(expression, "avg("); ok {
		return oneLine(strings.TrimSuffix(in, ")"), 500)
	}
	return oneLine(expression, 500)
}

// place says which node a series is of and how the metric is called there; no
// node: the expression does not match.
func place(re *regexp.Regexp, node, path string) (of, name string) {
	if re.NumSubexp() == 0 {
		return node, path
	}
	m := re.FindStringSubmatchIndex(path)
	if m == nil || m[2] < 0 || m[2] == m[3] {
		return "", ""
	}
	if name = strings.Trim(path[m[3]:], "."); name == "" {
		name = path
	}
	return path[m[2]:m[3]], name
}

// take adds column i of an answer to a curve, within the limit of samples.
func (r *run) take(c *curve, a *answer, i int, unit time.Duration) {
	for k, v := range a.Values[i] {
		f, ok := v.(float64)
		if !ok || math.IsNaN(f) || a.Timestamps[k] > math.MaxInt64/int64(unit) {
			continue
		}
		at := a.Timestamps[k] * int64(unit)
		if n := len(c.times); n > 0 && c.times[n-1] >= at {
			continue
		}
		if r.left--; r.left < 0 {
			return
		}
		c.times, c.values = append(c.times, at), append(c.values, f)
	}
}

// deliver gives the curves to the sink and says what was left out.
func (r *run) deliver(p Pattern, curves map[string]*curve, order []*curve, more int, sql string) error {
	n := 0
	for _, c := range order {
		if len(c.times) == 0 {
			continue
		}
		n++
		if err := r.to.Series(connectors.Series{Node: c.node, Name: c.name, Times: c.times, Values: c.values, Query: sql}); err != nil {
			return err
		}
	}
	if len(curves) > 0 && more > 0 {
		if err := r.to.Reduced(incident.Reduction{
			Stage: "iotdb", In: -1, Out: int64(p.Most), Unit: "series", How: "no more series of " + p.Path + " than most says", Rest: sql,
		}); err != nil {
			return err
		}
	}
	if r.left < 0 {
		r.left = 0
		return r.to.Reduced(incident.Reduction{Stage: "iotdb", In: int64(len(curves)), Out: int64(n), Unit: "series", How: "cut at the limit of samples", Rest: sql})
	}
	if other := len(curves) - len(order); other > 0 {
		return r.to.Missing(incident.Missing{
			What: fmt.Sprintf("%d series of %s", other, p.Path), Why: fmt.Sprintf("node %q finds no node in their paths", p.Node),
		})
	}
	return nil
}

func isRefused(err error) bool {
	return isCode(err, noPermission) || isCode(err, syntaxError) || isCode(err, 701)
}
