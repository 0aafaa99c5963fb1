package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
var errMost = errors.New("there are more objects than are read")

// list is one page of any list.
type list struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Continue  string `json:"continue"`
		Remaining *int64 `json:"remainingItemCount"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// named is what every object has; the rest of it is decoded by those who read it.
type named struct {
	Metadata meta `json:"metadata"`
}

// each gives every object of a list to do, page by page, once each: a page that
// expires in between (410 Gone, after five minutes or when much changes) makes it
// begin anew. meta asks for the objects' metadata only.
func (s *Source) each(ctx context.Context, path string, q url.Values, metaOnly bool, do func(json.RawMessage) error) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	seen, seed := map[uint64]struct{}{}, maphash.MakeSeed()
	for restarts := 0; ; restarts++ {
		err := s.pages(ctx, c, path, q, metaOnly, func(raw json.RawMessage) error {
			var o named
			if err := decode(raw, &o); err != nil || o.Metadata.Name == "" {
				return err
			}
			id := maphash.String(seed, o.Metadata.Namespace+"/"+o.Metadata.Name+"/"+o.Metadata.UID)
			if _, ok := seen[id]; ok {
				return nil
			}
			if len(seen) == most {
				return errMost
			}
			seen[id] = struct{}{}
			return do(raw)
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

// decode reads one object of a list.
func decode(raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return &errs.Error{
			Op: "kubernetes", Kind: errs.Invalid, Err: fmt.Errorf("an object is not understood: %w", err),
			Remedy: "check that the URL is that of a Kubernetes API",
		}
	}
	return nil
}

// pages reads a list to its end.
func (s *Source) pages(ctx context.Context, c *fetch.Client, path string, q url.Values, metaOnly bool, do func(json.RawMessage) error) error {
	for next := ""; ; {
		page, err := s.page(ctx, c, path, q, metaOnly, s.c.Page, next)
		if err != nil {
			return err
		}
		for _, raw := range page.Items {
			if err := do(raw); err != nil {
				return err
			}
		}
		if page.Metadata.Continue == "" {
			return nil
		}
		if page.Metadata.Continue == next {
			return &errs.Error{Op: "list " + path, Kind: errs.Invalid, Err: errors.New("its pages go round in a circle"), Remedy: "check what stands between us and the API"}
		}
		next = page.Metadata.Continue
	}
}

func (s *Source) page(ctx context.Context, c *fetch.Client, path string, q url.Values, metaOnly bool, size int, next string) (*list, error) {
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
	var page list
	if err := c.JSON(ctx, r, &page); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(page.Kind, "List") {
		return nil, &errs.Error{
			Op: "list " + path, Kind: errs.Invalid, Err: errors.New("its answer is no list of objects"),
			Remedy: "check that the URL is that of a Kubernetes API",
		}
	}
	return &page, nil
}

// left asks how many objects there are, with one small question; -1: it does not
// say.
func (s *Source) left(ctx context.Context, path string, q url.Values) (int64, error) {
	c, err := s.client()
	if err != nil {
		return -1, err
	}
	page, err := s.page(ctx, c, path, q, true, 1, "")
	switch {
	case err != nil:
		return -1, err
	case page.Metadata.Remaining != nil:
		return *page.Metadata.Remaining + int64(len(page.Items)), nil
	case page.Metadata.Continue == "":
		return int64(len(page.Items)), nil
	}
	return -1, nil
}
