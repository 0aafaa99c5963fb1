package telemetry

import (
	"context"
	"errors"
	"io"
	"slices"

	"triagent/internal/errs"
)

// Members returns the names of the parts of the bundle, ascending, truth.json
// left out.
func (b *Bundle) Members() []string {
	var names []string
	p := b.parts
	for _, name := range []string{p.incident, p.topology, p.spans, p.changes, p.alerts, p.collected} {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, list := range [][]part{p.metrics, p.logs} {
		for _, m := range list {
			names = append(names, m.name)
		}
	}
	slices.Sort(names)
	return names
}

// TopologyFile is the name of the part that tells nodes and roles, as Source.File
// has it; empty for a bundle without one.
func (b *Bundle) TopologyFile() string {
	if b.parts == nil { // not opened, but put together in memory
		return ""
	}
	return b.parts.topology
}

// Member opens a part by its name, as Source.File has it, and returns its
// decompressed bytes. The caller closes it. Other names, truth.json among them,
// give kind errs.NotFound.
func (b *Bundle) Member(ctx context.Context, name string) (io.ReadCloser, error) {
	if _, ok := slices.BinarySearch(b.Members(), name); !ok {
		return nil, &errs.Error{Kind: errs.NotFound, File: join(b.Path, name), Err: errors.New("not a part of the bundle")}
	}
	r, err := b.reader(ctx)
	if err != nil {
		return nil, err
	}
	g, err := r.member(name)
	if err != nil {
		r.close()
		return nil, err
	}
	return &member{g, r}, nil
}

type member struct {
	*guard
	r *reader
}

func (m *member) Close() error {
	err := m.guard.Close()
	m.r.close()
	return err
}

// reader starts another walk over an open bundle.
func (b *Bundle) reader(ctx context.Context) (*reader, error) {
	p := newPass(ctx, b.lim)
	walk, err := b.src.session(p)
	if err != nil {
		return nil, err
	}
	return &reader{path: b.Path, lim: b.lim, src: b.src, parts: b.parts, pass: p, walk: walk}, nil
}
