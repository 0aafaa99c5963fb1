// Package files reads logs from files of this machine: by path, packed ones
// (gzip, zstd) and rotated ones too, which are taken by the times in them and not
// by their names, and exports of the systemd journal. In a plain file the span is
// found by halving, so that a log of many gigabytes costs little. Lines are handed
// over as they were written; nothing is ever written or locked.
package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// Source is a set of log files. It is safe for concurrent use and holds no file
// open between calls.
type Source struct {
	c    Config
	node *regexp.Regexp
	zone *time.Location
	self string // this machine's name
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and opens nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(c.Zone) // of the empty name it is UTC
	if err != nil {
		return nil, err
	}
	self, err := os.Hostname()
	if err != nil || self == "" {
		self = "localhost"
	}
	return &Source{c: c, node: regexp.MustCompile(c.Node), zone: zone, self: self}, nil
}

// Close does nothing: no file is open between calls.
func (s *Source) Close() error { return nil }

// judged is a file of which it is known what it is.
type judged struct {
	file
	*nature
}

// begin judges a file. Its node is known then.
func (s *Source) begin(ctx context.Context, f file) (*judged, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it is read only
	n, err := s.judge(r, &f)
	if err != nil {
		return nil, err
	}
	o := &judged{file: f, nature: n}
	if o.node == "" && (n.format == formatExport || n.format == formatJSON) {
		_ = o.entries(ctx, r, 0, func(e *entry) error { // what is wrong is told when it is read
			o.node = e.host
			return errDone
		})
	}
	o.node = cmp.Or(o.node, s.self)
	return o, nil
}

// Discover lists the files that match and whose they are. It reads their
// beginnings only.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	var found connectors.Found
	list, lacks := s.find()
	found.Lacks = lacks
	type sum struct{ files, size int64 }
	sums := make(map[string]*sum)
	for _, f := range list {
		if ctx.Err() != nil {
			return found, context.Cause(ctx)
		}
		if f.size == 0 || before(f, span) {
			continue
		}
		o, err := s.begin(ctx, f)
		if err == nil {
			err = o.usable()
		}
		if err != nil {
			found.Lacks = append(found.Lacks, unreadable(f.path, err))
			continue
		}
		if sums[o.node] == nil {
			sums[o.node] = &sum{}
			found.Nodes = append(found.Nodes, connectors.Node{Names: []string{o.node}})
		}
		sums[o.node].files++
		sums[o.node].size += f.size
	}
	for _, n := range found.Nodes {
		k := sums[n.Names[0]]
		found.Holds = append(found.Holds, connectors.Holding{What: "logs", Count: k.files, Unit: "files", Note: fmt.Sprintf("of %s, %d MB", n.Names[0], (k.size+1<<19)>>20)})
	}
	if len(list) == 0 {
		return found, &errs.Error{Op: "find logs", Kind: errs.NotFound, Err: errors.New("no file matches that may be read"), Remedy: "check paths"}
	}
	return found, nil
}

// before reports whether a file was written last before a span: nothing in it is
// of the span then.
func before(f file, span incident.Window) bool {
	return f.info.ModTime().Add(time.Minute).Before(span.From)
}

// usable says why nothing can be taken from a file.
func (o *judged) usable() error {
	if o.first == 0 {
		return errTimes
	}
	return nil
}

// Collect hands over the lines of the span, the nodes asked for first, each
// file's in its order. Where there are more than the limit, each node's newest
// are kept and the rest is noted.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	by, lacks, err := s.within(ctx, ask.Span)
	if err != nil {
		return err
	}
	for _, l := range lacks {
		why := l.Why
		if l.Remedy != "" {
			why += " (" + l.Remedy + ")"
		}
		if err := to.Missing(incident.Missing{What: l.What, Why: why}); err != nil {
			return err
		}
	}
	left := ask.Limit.Lines
	order := byInterest(by, ask.Nodes)
	for i, node := range order {
		files := by[node]
		slices.SortStableFunc(files, func(a, b *judged) int { return cmp.Compare(a.first, b.first) })
		t := &taking{Source: s, ctx: ctx, span: ask.Span, to: to, node: node}
		if left > 0 {
			t.most = max(1, left/int64(len(order)-i))
		}
		if err := t.run(files); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		if ask.Limit.Lines > 0 {
			if left -= t.gave; left <= 0 && i+1 < len(order) {
				return to.Reduced(incident.Reduction{
					Stage: "logs", In: int64(len(order)), Out: int64(i + 1), Unit: "nodes", How: "the limit of lines was reached", Rest: "the files of the others",
				})
			}
		}
	}
	return nil
}

// within returns the files that may have lines of a span, by their nodes, and
// what is wrong with others.
func (s *Source) within(ctx context.Context, span incident.Window) (map[string][]*judged, []connectors.Lack, error) {
	list, lacks := s.find()
	by := make(map[string][]*judged)
	for _, f := range list {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if f.size == 0 || before(f, span) {
			continue
		}
		o, err := s.begin(ctx, f)
		if err == nil {
			err = o.usable()
		}
		switch {
		case err != nil:
			lacks = append(lacks, unreadable(f.path, err))
		case o.first <= span.To.UnixNano()+slack:
			by[o.node] = append(by[o.node], o)
		}
	}
	return by, lacks, nil
}

// byInterest orders nodes: those asked for first, then the others by name.
func byInterest(by map[string][]*judged, asked []connectors.Node) []string {
	var out []string
	for _, n := range asked {
		for _, name := range n.Names {
			if len(by[name]) > 0 && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	var rest []string
	for name := range by {
		if !slices.Contains(out, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}
