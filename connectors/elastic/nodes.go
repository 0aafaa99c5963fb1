package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"triagent/connectors"
)

// mostNodes is how many nodes are told apart by each field.
const mostNodes = 1000

// node is a node by what the index says.
type node struct {
	connectors.Node
	field string // that tells it apart
	value any
	not   []string // fields that its documents do not have
	count int64    // documents
}

// inventory is what an index says of the documents of a window.
type inventory struct {
	nodes []*node // by name, ascending
	count int64   // documents of nodes
	rest  int64   // documents that have none of the fields by which nodes are told apart
	more  int64   // documents of nodes beyond the bound
	lacks string  // what the answer lacks; empty: nothing
}

// findings are what an index counted: "nK" by the K-th field, "rest" those that
// have none.
type findings map[string]struct {
	Count int64 `json:"doc_count"`
	Names struct {
		Other   int64    `json:"sum_other_doc_count"`
		Buckets []bucket `json:"buckets"`
	} `json:"names"`
}

// bucket are the documents of one node.
type bucket struct {
	Key   any
	Text  string
	Count int64
	Sub   map[string][]any // values of other fields
}

// UnmarshalJSON reads a bucket with the buckets in it.
func (b *bucket) UnmarshalJSON(text []byte) error {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	b.Sub = make(map[string][]any)
	for key, part := range parts {
		var err error
		switch key {
		case "key":
			b.Key, err = scalar(part)
		case "key_as_string":
			err = json.Unmarshal(part, &b.Text)
		case "doc_count":
			err = json.Unmarshal(part, &b.Count)
		default:
			var sub struct {
				Buckets []struct {
					Key json.RawMessage `json:"key"`
				} `json:"buckets"`
			}
			err = json.Unmarshal(part, &sub)
			for _, x := range sub.Buckets {
				if v, wrong := scalar(x.Key); wrong == nil {
					b.Sub[key] = append(b.Sub[key], v)
				}
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scalar reads a text, a number as it is written, or a truth value.
func scalar(text json.RawMessage) (any, error) {
	var s string
	if json.Unmarshal(text, &s) == nil {
		return s, nil
	}
	var n json.Number
	if json.Unmarshal(text, &n) == nil {
		return n, nil
	}
	var b bool
	return b, json.Unmarshal(text, &b)
}

// inventory counts the documents of each node; with names, it finds out what
// else nodes are called. pit may be empty.
func (s *Source) inventory(ctx context.Context, pit string, c *schema, w window, names bool) (*inventory, error) {
	aggs := object{"rest": object{"filter": s.all(none(c.node))}}
	for i, f := range c.node {
		terms := object{"terms": object{"field": f, "size": mostNodes}}
		if names {
			terms["aggs"] = s.besides(c)
		}
		aggs["n"+strconv.Itoa(i)] = object{"filter": s.all(none(c.node[:i])), "aggs": object{"names": terms}}
	}
	a, err := s.search(ctx, pit, object{"query": s.of(w), "size": 0, "track_total_hits": false, "aggs": aggs})
	if err != nil {
		return nil, err
	}
	inv := &inventory{lacks: a.lacks()}
	if a.Found == nil {
		if a.Shards.Total > 0 {
			return nil, notElastic("it answers a search without what is counted")
		}
		return inv, nil
	}
	found := *a.Found
	inv.rest = found["rest"].Count
	for i, f := range c.node {
		x := found["n"+strconv.Itoa(i)].Names
		inv.more += x.Other
		for _, b := range x.Buckets {
			inv.add(b, f, c.node[:i])
		}
	}
	inv.name()
	return inv, nil
}

// all is the condition that all of some hold.
func (s *Source) all(conditions []any) object {
	if len(conditions) == 0 {
		return object{"match_all": object{}}
	}
	return object{"bool": object{"filter": conditions}}
}

// besides are the other names and the service of a node.
func (s *Source) besides(c *schema) object {
	terms := func(field string, size int) object { return object{"terms": object{"field": field, "size": size}} }
	out := object{}
	for i, f := range c.node {
		out["name"+strconv.Itoa(i)] = terms(f, 2)
	}
	if c.service != "" {
		out["service"] = terms(c.service, 2)
	}
	if c.ip {
		out["ip"] = terms("host.ip", 10)
	}
	return out
}

func (inv *inventory) add(b bucket, field string, not []string) {
	name := b.Text
	if name == "" {
		name = fmt.Sprint(b.Key)
	}
	if b.Key == nil || name == "" {
		inv.rest += b.Count
		return
	}
	n := &node{field: field, value: b.Key, not: slices.Clone(not), count: b.Count}
	n.Names = []string{name}
	inv.count += b.Count
	for _, key := range sortedKeys(b.Sub) {
		values := b.Sub[key]
		switch {
		case key == "ip":
			for _, v := range values {
				if a, err := netip.ParseAddr(fmt.Sprint(v)); err == nil && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
					n.Names = append(n.Names, a.String())
				}
			}
		case len(values) != 1 || fmt.Sprint(values[0]) == "": // not one and the same for all documents
		case key == "service":
			n.Service = fmt.Sprint(values[0])
		default:
			n.Names = append(n.Names, fmt.Sprint(values[0]))
		}
	}
	if strings.HasPrefix(field, "host") || strings.HasPrefix(field, "agent.") {
		n.Host = name
	}
	inv.nodes = append(inv.nodes, n)
}

// name puts nodes in the order of their names and takes from them those names
// that are another's too.
func (inv *inventory) name() {
	slices.SortStableFunc(inv.nodes, func(a, b *node) int { return strings.Compare(a.Names[0], b.Names[0]) })
	owner := make(map[string]string)
	for _, n := range inv.nodes {
		for i, name := range n.Names {
			if first, taken := owner[name]; taken && first != n.Names[0] {
				owner[name] = "" // nobody's, unless it is the first name of one
			} else if !taken || i == 0 {
				owner[name] = n.Names[0]
			}
		}
	}
	for _, n := range inv.nodes {
		var own []string
		for i, name := range n.Names {
			if (i == 0 || owner[name] == n.Names[0]) && !slices.Contains(own, name) {
				own = append(own, name)
			}
		}
		n.Names = own
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
