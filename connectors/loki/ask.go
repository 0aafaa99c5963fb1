package loki

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

// What is asked for at once, and read of answers at most.
const (
	firstPage = 5000     // lines: what a Loki gives at most as it comes
	leastPage = 10       // lines
	mostIndex = 32 << 20 // bytes of names and labels
	mostPage  = 64 << 20 // bytes of lines
)

// categorized asks for the metadata of each line apart from the labels of its
// stream. Servers before 2.9 do not know it.
var categorized = http.Header{"X-Loki-Response-Encoding-Flags": {"categorize-labels"}}

func nanos(at int64) string { return strconv.FormatInt(at, 10) }

// listed asks for a list.
func listed[T any](ctx context.Context, s *Source, path string, query url.Values, span incident.Window) (T, error) {
	var answer struct {
		Status string `json:"status"`
		Data   T      `json:"data"`
	}
	query.Set("start", nanos(span.From.UnixNano()))
	query.Set("end", nanos(span.To.UnixNano()))
	if err := s.http.JSON(ctx, fetch.Request{Path: path, Query: query, Max: mostIndex}, &answer); err != nil {
		return answer.Data, s.hint(err)
	}
	if answer.Status != "success" {
		return answer.Data, notLoki("%s answers with status %.40q", path, answer.Status)
	}
	return answer.Data, nil
}

func notLoki(format string, args ...any) error {
	e := errs.New(errs.Invalid, format, args...)
	e.Remedy = "check that the URL is that of a Loki"
	return e
}

// labelSets asks which streams there were in a span.
func (s *Source) labelSets(ctx context.Context, span incident.Window, selectors ...string) ([]map[string]string, error) {
	return listed[[]map[string]string](ctx, s, "/loki/api/v1/series", url.Values{"match[]": selectors}, span)
}

// labels asks which labels there are.
func (s *Source) labels(ctx context.Context, span incident.Window) ([]string, error) {
	names, err := listed[[]string](ctx, s, "/loki/api/v1/labels", url.Values{}, span)
	return slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "__") }), err
}

// about asks the index how many lines selectors find: an estimate that reads no
// line. It is -1 where the server cannot tell.
func (s *Source) about(ctx context.Context, span incident.Window, selectors ...string) (int64, error) {
	var all int64
	for _, sel := range selectors {
		var stats struct {
			Entries *int64 `json:"entries"`
		}
		err := s.http.JSON(ctx, fetch.Request{Path: "/loki/api/v1/index/stats", Query: url.Values{
			"query": {sel}, "start": {nanos(span.From.UnixNano())}, "end": {nanos(span.To.UnixNano())},
		}, Max: mostIndex}, &stats)
		switch {
		case errs.KindOf(err) == errs.Invalid || err == nil && stats.Entries == nil:
			return -1, nil // it is an old one, or keeps no such index
		case err != nil:
			return -1, s.hint(err)
		}
		all += max(0, *stats.Entries)
	}
	return all, nil
}

// lines asks for the lines of a selector from a moment on, up to before another,
// oldest first, so many at most.
func (s *Source) lines(ctx context.Context, sel string, from, to, limit int64) ([]row, error) {
	var out []row
	r := fetch.Request{Path: "/loki/api/v1/query_range", Header: categorized, Accept: "application/json", Max: mostPage, Query: url.Values{
		"query": {sel}, "start": {nanos(from)}, "end": {nanos(to)}, "limit": {nanos(limit)}, "direction": {"forward"},
	}}
	err := s.http.Read(ctx, r, func(body io.Reader) (err error) {
		out, err = readLines(body, from, to)
		return err
	})
	return out, s.hint(err)
}

// tooMany is what a Loki says that gives fewer lines at once than it is asked for.
var tooMany = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`limit per query.*\(\d+ > (\d+)\)`)
})

// fewer finds out whether a page was too large, and sets how large the next may
// be; false: that is not why it failed.
func (s *Source) fewer(err error, limit int64) (int64, bool) {
	var e *errs.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	if e.Kind == errs.Exhausted && limit > leastPage { // long lines
		return max(leastPage, limit/4), true
	}
	m := tooMany().FindStringSubmatch(e.Err.Error())
	if m == nil || e.Kind != errs.Invalid {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || n < 1 || n >= limit {
		return 0, false
	}
	s.page.Store(n)
	return n, true
}
