package store

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// readRows is incidents as they were read, by number. Rows are wide, and pages
// ask for the same ones again whenever one of them changes: a list finds keys,
// which an index or few columns give, and then reads only the rows that are not
// known in the version that they have.
type readRows struct {
	mu    sync.Mutex
	items map[int64]Incident
}

// maxRows bounds the incidents in memory, some kB each.
const maxRows = 5000

// rowKey is an incident with the version that it has in the database, and what
// it is sorted by.
type rowKey struct{ number, version, by int64 }

func scanKey(row scanner) (k rowKey, err error) {
	return k, row.Scan(&k.number, &k.version, &k.by)
}

// get returns the incident of a key, if it is known.
func (r *readRows) get(k rowKey) (Incident, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in, ok := r.items[k.number]
	if !ok || in.Version != k.version {
		return Incident{}, false
	}
	return in.copied(), true
}

// put keeps an incident.
func (r *readRows) put(in Incident) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.items) >= maxRows || r.items == nil {
		r.items = map[int64]Incident{}
	}
	r.items[in.Number] = in.copied()
}

// copied is an incident that shares nothing that a caller may change.
func (in Incident) copied() Incident {
	in.Labels, in.Nodes = maps.Clone(in.Labels), slices.Clone(in.Nodes)
	in.Headline.Summary.Args = slices.Clone(in.Headline.Summary.Args)
	return in
}

// incidents returns the incidents of keys in their order, without those that
// were deleted meanwhile.
func (s *Store) incidents(ctx context.Context, keys []rowKey) ([]Incident, error) {
	have := make(map[int64]Incident, len(keys))
	var lack []int64
	for _, k := range keys {
		if in, ok := s.kept.get(k); ok {
			have[k.number] = in
		} else {
			lack = append(lack, k.number)
		}
	}
	if len(lack) > 0 {
		var w where
		in(&w, "number", padded(lack), func(n int64) any { return n })
		read, err := all(scanIncident)(s.rows(ctx, `SELECT `+incidentColumns+` FROM incidents`+w.sql(), w.args...))
		if err != nil {
			return nil, err
		}
		for _, in := range read {
			s.kept.put(in)
			have[in.Number] = in
		}
	}
	out := make([]Incident, 0, len(keys))
	for _, k := range keys {
		if in, ok := have[k.number]; ok {
			out = append(out, in)
		}
	}
	return out, nil
}
