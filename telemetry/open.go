package telemetry

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"triagent/internal/errs"
)

// Open reads the small parts of the bundle at path (a folder, .tar, .tar.gz,
// .tar.zst or .zip, told apart by content) and finds the large ones. It never
// opens truth.json. Any part but incident.json may be missing; Bundle.Missing
// says which. Bad input is an error of kind errs.Invalid with file, line and
// column; a path that does not exist has kind errs.NotFound.
func Open(ctx context.Context, path string, lim Limits) (*Bundle, error) {
	r, err := openReader(ctx, path, lim)
	if err != nil {
		return nil, err
	}
	defer r.close()
	b := &Bundle{Path: path, src: r.src, lim: r.lim, parts: r.parts}
	for _, read := range []func(*reader, *Bundle) error{
		(*reader).alerts, (*reader).collected, (*reader).changes, (*reader).incident, (*reader).tables, (*reader).topology,
	} {
		if err := read(r, b); err != nil {
			return nil, err
		}
	}
	for _, p := range r.parts.logs {
		b.LogNodes = append(b.LogNodes, p.node)
	}
	b.HasSpans = r.parts.spans != ""
	b.addUnknown()
	b.noteMissing()
	return b, nil
}

// reader is one walk over the small parts of a bundle.
type reader struct {
	path  string
	lim   Limits
	src   source
	parts *parts
	pass  *pass
	walk  session
}

func openReader(ctx context.Context, path string, lim Limits) (*reader, error) {
	lim = lim.withDefaults()
	src, err := openSource(ctx, path, lim)
	if err != nil {
		return nil, err
	}
	ps, err := sortParts(path, src.names())
	if err != nil {
		return nil, err
	}
	if ps.incident == "" {
		e := errs.At(path, 0, 0, "no incident.json: this is no incident bundle")
		e.Remedy = `add an incident.json with at least {"version": 1, "id": "...", "window": {"from": "...", "to": "..."}}`
		return nil, e
	}
	p := newPass(ctx, lim)
	walk, err := src.session(p)
	if err != nil {
		return nil, err
	}
	return &reader{path: path, lim: lim, src: src, parts: ps, pass: p, walk: walk}, nil
}

func (r *reader) close() { r.walk.close() }

// member opens a member for reading its plain bytes.
func (r *reader) member(name string) (*guard, error) {
	raw, err := r.walk.open(name)
	if err != nil {
		return nil, err
	}
	return r.pass.decompress(raw, join(r.path, name))
}

// whole reads a small part as a whole.
func (r *reader) whole(name string) ([]byte, error) {
	g, err := r.member(name)
	if err != nil {
		return nil, err
	}
	defer shut(g)
	data, err := g.readAll(r.lim.Small)
	if err == nil && isUTF16(data) {
		err = errUTF16(join(r.path, name))
	}
	return data, err
}

func (r *reader) incident(b *Bundle) error {
	data, err := r.whole(r.parts.incident)
	if err != nil {
		return err
	}
	if err := decodeIncident(b, data, join(r.path, r.parts.incident)); err != nil {
		return err
	}
	if b.Incident.Alert.File != "" {
		b.Incident.Alert.File = r.parts.incident
	}
	return nil
}

func (r *reader) topology(b *Bundle) error {
	if r.parts.topology == "" {
		return nil
	}
	data, err := r.whole(r.parts.topology)
	if err == nil {
		b.Topology, err = decodeTopology(data, join(r.path, r.parts.topology))
	}
	return err
}

func (r *reader) changes(b *Bundle) error {
	return r.small(r.parts.changes, func(g io.Reader, file string) (err error) {
		b.Changes, err = decodeChanges(g, file, r.parts.changes, r.lim)
		return err
	})
}

func (r *reader) alerts(b *Bundle) error {
	return r.small(r.parts.alerts, func(g io.Reader, file string) (err error) {
		b.Alerts, err = decodeAlerts(g, file, r.parts.alerts, r.lim)
		return err
	})
}

func (r *reader) collected(b *Bundle) error {
	err := r.small(r.parts.collected, func(g io.Reader, file string) (err error) {
		b.Collected, err = decodeCollected(g, file, r.lim)
		return err
	})
	b.Missing = append(b.Missing, b.Collected.Missing...)
	return err
}

// small streams a part that is kept in memory, if it is there.
func (r *reader) small(name string, fn func(g io.Reader, file string) error) error {
	if name == "" {
		return nil
	}
	g, err := r.member(name)
	if err != nil {
		return err
	}
	defer shut(g)
	g.max = r.lim.Small
	return fn(g, join(r.path, name))
}

// inOrder returns parts in the order of their member names, in which
// containers are quickest to read.
func inOrder(list []part) []part {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return list
}

// ReadTruth reads truth.json of the bundle at path. Kind errs.NotFound says
// that there is none.
func ReadTruth(ctx context.Context, path string) (*Truth, error) {
	r, err := openReader(ctx, path, Limits{})
	if err != nil {
		return nil, err
	}
	defer r.close()
	if r.parts.truth == "" {
		return nil, &errs.Error{Kind: errs.NotFound, File: path, Err: errors.New("no truth.json in the bundle")}
	}
	data, err := r.whole(r.parts.truth)
	if err != nil {
		return nil, err
	}
	return decodeTruth(data, join(path, r.parts.truth))
}
