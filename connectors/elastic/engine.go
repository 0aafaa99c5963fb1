package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// engine is what differs between the two kinds of server.
type engine interface {
	// open opens a point in time over indices, if partial over those shards that
	// are there.
	open(ctx context.Context, c *fetch.Client, index string, partial bool) (pit, error)
	// shut closes it.
	shut(ctx context.Context, c *fetch.Client, id string) error
	// tie is the field that puts documents of one time in an order.
	tie() string
	// after is where the page after a document of these sort values begins. It
	// may begin with documents of the very same values.
	after(at, tie int64) [2]int64
}

var engines = map[string]engine{"elasticsearch": elasticsearch{}, "opensearch": opensearch{}}

// pit is a point in time that was opened.
type pit struct {
	Elastic string `json:"id"`
	Open    string `json:"pit_id"`
	Shards  shards `json:"_shards"`
}

func (p *pit) id() string { return cmp.Or(p.Elastic, p.Open) }

// keepAlive is how long a point in time lives on when nothing is asked of it.
const keepAlive = "1m"

type elasticsearch struct{}

func (elasticsearch) open(ctx context.Context, c *fetch.Client, index string, partial bool) (pit, error) {
	q := url.Values{"keep_alive": {keepAlive}, "ignore_unavailable": {"true"}}
	if partial { // known from 8.16 on
		q.Set("allow_partial_search_results", "true")
	}
	var p pit
	err := c.JSON(ctx, fetch.Request{Method: http.MethodPost, Path: "/" + index + "/_pit", Query: q}, &p)
	return p, err
}

func (elasticsearch) shut(ctx context.Context, c *fetch.Client, id string) error {
	return remove(ctx, c, "/_pit", map[string]any{"id": id})
}

// tie: shard and place in it, which no two documents of a point in time share.
func (elasticsearch) tie() string { return "_shard_doc" }

func (elasticsearch) after(at, tie int64) [2]int64 { return [2]int64{at, tie} }

type opensearch struct{}

func (opensearch) open(ctx context.Context, c *fetch.Client, index string, partial bool) (pit, error) {
	var p pit
	err := c.JSON(ctx, fetch.Request{
		Method: http.MethodPost, Path: "/" + index + "/_search/point_in_time",
		Query: url.Values{"keep_alive": {keepAlive}, "ignore_unavailable": {"true"}, "allow_partial_pit_creation": {strconv.FormatBool(partial)}},
	}, &p)
	return p, err
}

func (opensearch) shut(ctx context.Context, c *fetch.Client, id string) error {
	return remove(ctx, c, "/_search/point_in_time", map[string]any{"pit_id": []string{id}})
}

// tie: the number of the write. Documents of several shards may share it, and
// nothing that is cheap to sort by tells those apart: the next page begins with
// them again. (_shard_doc came with 3.3, _id fills the memory of the server.)
func (opensearch) tie() string { return "_seq_no" }

func (opensearch) after(at, tie int64) [2]int64 { return [2]int64{at, tie - 1} }

func remove(ctx context.Context, c *fetch.Client, path string, body map[string]any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var said json.RawMessage
	return c.JSON(ctx, fetch.Request{Method: http.MethodDelete, Path: path, Body: text, Once: true}, &said)
}

// open opens a point in time. A server whose kind is not known is asked in the
// way of the one and then of the other: who may only read may not ask for more.
func (s *Source) open(ctx context.Context) (engine, *pit, error) {
	if known := s.engine.Load(); known != nil {
		p, err := s.openBy(ctx, *known)
		return *known, p, err
	}
	var first error
	for _, name := range []string{"elasticsearch", "opensearch"} {
		e := engines[name]
		p, err := s.openBy(ctx, e)
		if err == nil {
			s.engine.Store(&e)
			return e, p, nil
		}
		if first == nil {
			first = err
		}
		if errs.KindOf(err) != errs.Invalid || ctx.Err() != nil {
			return nil, nil, err
		}
	}
	return nil, nil, first
}

// openBy opens a point in time over all shards, and if that fails, as it does
// where some are down, over those that are there.
func (s *Source) openBy(ctx context.Context, e engine) (*pit, error) {
	p, err := e.open(ctx, s.http, s.c.Index, false)
	if errs.KindOf(err) == errs.Unavailable && ctx.Err() == nil {
		if q, wrong := e.open(ctx, s.http, s.c.Index, true); wrong == nil {
			p, err = q, nil
		}
	}
	if err == nil && p.id() == "" {
		err = notElastic("it opens a point in time without an ID")
	}
	return &p, hint(err)
}

// shut closes a point in time, also for a caller that has given up. If that
// fails it ends by itself.
func (s *Source) shut(ctx context.Context, e engine, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 900*time.Millisecond)
	defer cancel()
	_ = e.shut(ctx, s.http, id)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
