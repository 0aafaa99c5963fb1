package kubernetes

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// most is how many objects of one kind are read.
const most = 2_000_000

// errMost says that there are more objects than are read.
var errMost error = &errs.Error{
	Op: "kubernetes", Kind: errs.Exhausted, Err: errors.New("there are more objects than are read"), Remedy: "name namespaces",
}

// list is one page of any list. What is no object in it is a zero T.
type list[T any] struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Continue  string `json:"continue"`
		Remaining *int64 `json:"remainingItemCount"`
	} `json:"metadata"`
	Items []T `json:"items"`
}

// object is what every object has; the rest differs.
type object struct {
	Metadata meta `json:"metadata"`
}

func (o *object) meta() *meta { return &o.Metadata }

// kind is a pointer to an object of some kind.
type kind[T any] interface {
	*T
	meta() *meta
}

// each gives every object of a list to do, page by page, once each: a page that
// expires in between (410 Gone, after five minutes or when much changes) makes it
// begin anew. metaOnly asks for the objects' metadata only.
func each[T any, P kind[T]](ctx context.Context, s *Source, path string, q url.Values, metaOnly bool, do func(*T) error) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	seen, seed := map[uint64]struct{}{}, maphash.MakeSeed()
	for restarts := 0; ; restarts++ {
		err := pages(ctx, c, path, q, metaOnly, s.c.Page, func(o *T) error {
			m := P(o).meta()
			id := maphash.String(seed, m.Namespace+"/"+m.Name+"/"+m.UID)
			if _, ok := seen[id]; ok || m.Name == "" {
				return nil
			}
			if len(seen) == most {
				return errMost
			}
			seen[id] = struct{}{}
			return do(o)
		})
		if fetch.StatusOf(err) != http.StatusGone {
			return err
		}
		if restarts == 2 {
			return &errs.Error{
				Op: "list " + path, Kind: errs.Unavailable, Err: errors.New("its pages expire before they are read"),
				Remedy: "make page larger, or name namespaces",
			}
		}
	}
}

// pages reads a list to its end.
func pages[T any](ctx context.Context, c *fetch.Client, path string, q url.Values, metaOnly bool, size int, do func(*T) error) error {
	for next := ""; ; {
		p, err := page[T](ctx, c, path, q, metaOnly, size, next)
		if err != nil {
			return err
		}
		for i := range p.Items {
			if err := do(&p.Items[i]); err != nil {
				return err
			}
		}
		if p.Metadata.Continue == "" {
			return nil
		}
		if p.Metadata.Continue == next {
			return &errs.Error{Op: "list " + path, Kind: errs.Invalid, Err: errors.New("its pages go round in a circle"), Remedy: "check what stands between us and the API"}
		}
		next = p.Metadata.Continue
	}
}

func page[T any](ctx context.Context, c *fetch.Client, path string, q url.Values, metaOnly bool, size int, next string) (*list[T], error) {
	more := url.Values{}
	for k, v := range q {
		more[k] = v
	}
	more.Set("limit", strconv.Itoa(size))
	if next != "" {
		more.Set("continue", next)
	}
	r := fetch.Request{Path: path, Query: more}
	if metaOnly {
		r.Header = http.Header{"Accept": {"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}}
	}
	var p *list[T]
	if err := c.JSON(ctx, r, &p); err != nil {
		return nil, err
	}
	if p == nil || !strings.HasSuffix(p.Kind, "List") {
		return nil, &errs.Error{
			Op: "list " + path, Kind: errs.Invalid, Err: errors.New("its answer is no list of objects"),
			Remedy: "check that the URL is that of a Kubernetes API",
		}
	}
	return p, nil
}

// left asks how many objects there are, with one small question; -1: it does not
// say.
func (s *Source) left(ctx context.Context, path string, q url.Values) (int64, error) {
	c, err := s.client()
	if err != nil {
		return -1, err
	}
	p, err := page[object](ctx, c, path, q, true, 1, "")
	switch {
	case err != nil:
		return -1, err
	case p.Metadata.Remaining != nil:
		return *p.Metadata.Remaining + int64(len(p.Items)), nil
	case p.Metadata.Continue == "":
		return int64(len(p.Items)), nil
	}
	return -1, nil
}
