package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"triagent/incident"
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
		(*reader).alerts, (*reader).changes, (*reader).incident, (*reader).tables, (*reader).topology,
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
	defer g.Close()
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

// small streams a part that is kept in memory, if it is there.
func (r *reader) small(name string, fn func(g io.Reader, file string) error) error {
	if name == "" {
		return nil
	}
	g, err := r.member(name)
	if err != nil {
		return err
	}
	defer g.Close()
	g.max = r.lim.Small
	return fn(g, join(r.path, name))
}

func (r *reader) tables(b *Bundle) error {
	cells := r.lim.Cells
	b.Tables = make([]Table, 0, len(r.parts.metrics))
	for _, p := range inOrder(r.parts.metrics) {
		t, err := r.table(b, p, &cells)
		if err != nil {
			return err
		}
		b.Tables = append(b.Tables, t)
	}
	slices.SortFunc(b.Tables, func(x, y Table) int { return strings.Compare(string(x.Node), string(y.Node)) })
	return nil
}

// inOrder returns parts in the order of their member names, in which
// containers are quickest to read.
func inOrder(list []part) []part {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return list
}

func (r *reader) table(b *Bundle, p part, cells *int64) (Table, error) {
	g, err := r.member(p.name)
	if err != nil {
		return Table{}, err
	}
	defer g.Close()
	t, infinite, err := readTable(g, join(r.path, p.name), r.lim, b.Incident.Window.Duration(), cells)
	if err != nil {
		return Table{}, err
	}
	t.Node, t.File = p.node, p.name
	if infinite > 0 {
		b.lack(p.name, fmt.Sprintf("%d infinite values read as gaps", infinite))
	}
	return t, nil
}

func (b *Bundle) lack(what, why string) {
	b.Missing = append(b.Missing, incident.Missing{What: what, Why: why})
}

// addUnknown adds the nodes that the topology does not name.
func (b *Bundle) addUnknown() {
	known := make(map[incident.NodeID]bool, len(b.Topology.Nodes))
	for _, n := range b.Topology.Nodes {
		known[n.ID] = true
	}
	var extra []incident.NodeID
	see := func(ids ...incident.NodeID) {
		for _, id := range ids {
			if id != "" && !known[id] {
				known[id] = true
				extra = append(extra, id)
			}
		}
	}
	see(b.Incident.Alert.Node, b.Incident.Alert.Peer)
	see(b.LogNodes...)
	for _, t := range b.Tables {
		see(t.Node)
	}
	for _, c := range b.Changes {
		see(c.Node)
	}
	for _, a := range b.Alerts {
		see(a.Node, a.Peer)
	}
	for _, r := range b.Topology.Roles {
		see(r.Node)
	}
	for _, g := range b.Topology.Groups {
		see(g.Members...)
	}
	for _, k := range b.Topology.Calls {
		see(k.From, k.To)
	}
	slices.Sort(extra)
	for _, id := range extra {
		b.Topology.Nodes = append(b.Topology.Nodes, incident.Node{ID: id})
	}
	if b.parts.topology != "" && len(extra) > 0 {
		b.lack("topology", "it does not name "+list(extra)+": role unknown")
	}
}

// noteMissing says which parts the bundle does not have.
func (b *Bundle) noteMissing() {
	if b.Incident.Window.IsZero() {
		b.lack("window", "incident.json does not give one")
	}
	for _, part := range []struct {
		what string
		have bool
	}{
		{"topology", b.parts.topology != ""},
		{"metrics", len(b.Tables) > 0},
		{"logs", len(b.LogNodes) > 0},
		{"traces", b.HasSpans},
		{"events", b.parts.changes != ""},
		{"alerts", b.parts.alerts != ""},
	} {
		if !part.have {
			b.lack(part.what, "not in the bundle")
		}
	}
	var measured []incident.NodeID
	for _, t := range b.Tables {
		measured = append(measured, t.Node)
	}
	b.lackOf("metrics", measured)
	b.lackOf("logs", b.LogNodes)
	for _, name := range b.parts.strange {
		b.lack(name, "neither metrics/<node>.csv nor logs/<node>.log or .jsonl: not read")
	}
}

// lackOf notes the nodes without a file of a kind that others have.
func (b *Bundle) lackOf(what string, have []incident.NodeID) {
	if len(have) == 0 {
		return
	}
	var without []incident.NodeID
	for _, n := range b.Topology.Nodes {
		if _, ok := slices.BinarySearch(have, n.ID); !ok {
			without = append(without, n.ID)
		}
	}
	if len(without) > 0 {
		slices.Sort(without)
		b.lack(what, "none in the bundle for "+list(without))
	}
}

// list names up to ten nodes.
func list(ids []incident.NodeID) string {
	var s []string
	for _, id := range ids[:min(len(ids), 10)] {
		s = append(s, string(id))
	}
	text := strings.Join(s, ", ")
	if len(ids) > 10 {
		text += fmt.Sprintf(" and %d more", len(ids)-10)
	}
	return text
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

// Members returns the names of the parts of the bundle, ascending, truth.json
// left out.
func (b *Bundle) Members() []string {
	var names []string
	p := b.parts
	for _, name := range []string{p.incident, p.topology, p.spans, p.changes, p.alerts} {
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
