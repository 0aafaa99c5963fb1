package elastic

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// schema is how indices have the fields that are wanted.
type schema struct {
	indices int
	millis  bool     // all times are in milliseconds
	nanos   bool     // all times are in nanoseconds; neither: some are
	timed   bool     // the field of the time is there, and is one
	node    []string // fields that tell nodes apart by the index
	service string   // the first of the fields of services that does; empty: none
	ip      bool     // host.ip does
}

// capability is what one type of a field can do.
type capability struct {
	Aggregatable bool `json:"aggregatable"`
}

// schema asks how the fields are mapped.
func (s *Source) schema(ctx context.Context) (*schema, error) {
	f := &s.c.Fields
	want := []string{f.Time, "host.ip"}
	for _, name := range slices.Concat(f.Node, f.Service) {
		want = append(want, name, name+".keyword")
	}
	var answer struct {
		Indices any                               `json:"indices"` // a name or a list
		Fields  *map[string]map[string]capability `json:"fields"`
	}
	err := s.http.JSON(ctx, fetch.Request{
		Path: "/" + s.c.Index + "/_field_caps", Max: mostAnswer,
		Query: url.Values{"fields": {strings.Join(want, ",")}, "ignore_unavailable": {"true"}, "allow_no_indices": {"true"}},
	}, &answer)
	if err != nil {
		return nil, hint(err)
	}
	if answer.Fields == nil {
		return nil, notElastic("it does not say which fields there are")
	}
	c := &schema{}
	switch x := answer.Indices.(type) {
	case string:
		c.indices = 1
	case []any:
		c.indices = len(x)
	}
	fields := *answer.Fields
	_, millis := fields[f.Time]["date"]
	_, nanos := fields[f.Time]["date_nanos"]
	c.timed, c.millis, c.nanos = millis || nanos, millis && !nanos, nanos && !millis
	for _, name := range f.Node {
		if path := usable(fields, name); path != "" {
			c.node = append(c.node, path)
		}
	}
	for _, name := range f.Service {
		if path := usable(fields, name); path != "" && c.service == "" {
			c.service = path
		}
	}
	c.ip = usable(fields, "host.ip") == "host.ip"
	return c, nil
}

// usable returns the path by which documents can be put together by a field in
// all indices that have it; "": there is none.
func usable(fields map[string]map[string]capability, name string) string {
	for _, path := range []string{name, name + ".keyword"} {
		ok := len(fields[path]) > 0
		for kind, c := range fields[path] {
			ok = ok && c.Aggregatable && kind != "object" && kind != "nested" && kind != "text"
		}
		if ok && (path == name || onlyText(fields[name])) {
			return path
		}
	}
	return ""
}

// onlyText reports whether a field is text wherever it has a value: then all
// documents that have it have its keyword.
func onlyText(kinds map[string]capability) bool {
	_, text := kinds["text"]
	_, object := kinds["object"] // has fields of its own, as host has in ECS
	return text && (len(kinds) == 1 || object && len(kinds) == 2)
}

// check says what is wrong with the indices; nil: nothing.
func (s *Source) check(c *schema) error {
	switch {
	case c.indices == 0:
		return &errs.Error{Kind: errs.NotFound, Err: errs.New(errs.NotFound, "no index fits %.200s", s.c.Index), Remedy: "set index, and check that the account may read it"}
	case !c.timed:
		return &errs.Error{Kind: errs.NotFound, Err: errs.New(errs.NotFound, "no index has the field %s with a date", s.c.Fields.Time), Remedy: "set fields: time"}
	}
	return nil
}
