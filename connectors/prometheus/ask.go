package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

const (
	mostIndex = 32 << 20 // names and labels

	longestURL = 4000 // a longer query is posted
)

// mostHeld bounds the samples of one answer: four times what is asked for at
// once, in case the server scraped more often than it seemed.
const mostHeld = 4 * page

// unix writes a moment as the API takes it, to the millisecond.
func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1e3, 'f', 3, 64) }

// listed asks for a list and decodes its data into out. It returns what the
// server says beside it.
func (s *Source) listed(ctx context.Context, path string, query url.Values, out any) (notes, error) {
	answer := struct {
		Status    string   `json:"status"`
		Data      any      `json:"data"`
		Warnings  []string `json:"warnings"`
		IsPartial bool     `json:"isPartial"`
	}{Data: out}
	if err := s.http.JSON(ctx, fetch.Request{Path: path, Query: query, Max: mostIndex}, &answer); err != nil {
		return notes{}, err
	}
	if answer.Status != "success" {
		return notes{}, notLike(path, answer.Status)
	}
	return notes{warnings: answer.Warnings, partial: answer.IsPartial}, nil
}

// notLike says that a server does not answer as a Prometheus does.
func notLike(what, status string) error {
	e := errs.New(errs.Invalid, "%s answers with status %.40q, not \"success\"", what, status)
	e.Remedy = "check that the URL is that of a Prometheus, with the path that its /api/v1 lies below"
	return e
}

// labelSets asks which series there were in a span that a selector fits.
func (s *Source) labelSets(ctx context.Context, span incident.Window, selectors ...string) ([]map[string]string, notes, error) {
	var sets []map[string]string
	n, err := s.listed(ctx, "/api/v1/series", url.Values{"match[]": selectors, "start": {unix(span.From)}, "end": {unix(span.To)}}, &sets)
	return sets, n, err
}

// raw asks for the samples of a span as they were scraped, its ends included.
func (s *Source) raw(ctx context.Context, sel string, span incident.Window) ([]wireSeries, notes, error) {
	// One more millisecond: the beginning is not part of a range in Prometheus 3.
	query := sel + "[" + duration(span.Duration().Round(time.Millisecond)+time.Millisecond) + "]"
	return s.matrix(ctx, "/api/v1/query", url.Values{"query": {query}, "time": {unix(span.To)}})
}

// matrix asks a query and returns the series of its answer.
func (s *Source) matrix(ctx context.Context, path string, query url.Values) ([]wireSeries, notes, error) {
	query.Set("timeout", duration(s.c.Timeout)) // of the server: what is not waited for is not worked at
	r := fetch.Request{Path: path, Query: query, Accept: "application/json", Header: http.Header{"Accept-Encoding": {"identity"}}}
	if text := query.Encode(); len(text) > longestURL {
		r.Query, r.Body, r.Method = nil, []byte(text), http.MethodPost
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	var all []wireSeries
	var n notes
	err := s.http.Read(ctx, r, func(body io.Reader) (err error) {
		all = nil // a connection that broke: from the start
		samples := 0
		n, err = readMatrix(body, func(x wireSeries) error {
			if samples += len(x.Values.times) + len(x.Histograms.times); samples > mostHeld {
				return &errs.Error{Kind: errs.Exhausted, Err: fmt.Errorf("it gives more than %d samples at once", mostHeld), Remedy: "set step, or a smaller max_series"}
			}
			all = append(all, x)
			return nil
		})
		return err
	})
	return all, n, err
}

// without reports whether an error says that the server does not have what was
// asked for, as one that is only like a Prometheus.
func without(err error) bool {
	return errs.KindOf(err) == errs.Invalid || errs.KindOf(err) == errs.NotFound || errors.Is(err, io.EOF)
}
