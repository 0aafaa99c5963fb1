package compress

import (
	"cmp"
	"slices"
)

// Templates that differ in one word are merged if there are minVariety of them,
// minFirst if it is the first word, which names the event more often than not.
const (
	minVariety = 4
	minFirst   = 12
)

// variant is a template seen with one of its words left out.
type variant struct {
	id   int32
	col  int32
	hash uint64
}

// vary merges templates that are equal but for one word and reports whether it
// merged any.
func (m *Miner) vary() bool {
	var all []variant
	for id := range m.nodes {
		parts := m.nodes[id].parts
		if parts == nil || id == overflowID {
			continue
		}
		all = m.leaveOneOut(all, int32(id))
	}
	slices.SortFunc(all, func(a, b variant) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.id, b.id))
	})
	changed := false
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].hash == all[0].hash {
			n++
		}
		if n > 1 && m.unite(all[:n]) {
			changed = true
		}
		all = all[n:]
	}
	return changed
}

// leaveOneOut adds the variants of template id: one for each variable part, and
// for each word that may be a parameter if two others remain.
func (m *Miner) leaveOneOut(all []variant, id int32) []variant {
	parts := m.nodes[id].parts
	words, sum := 0, uint64(0)
	for i, p := range parts {
		if p.kind == wordToken {
			words++
		}
		sum += placed(i, p)
	}
	if words < 2 {
		return all
	}
	for i, p := range parts {
		if column(p) && (p.kind == varToken || words > 2 && !filler(p.text)) {
			all = append(all, variant{id, int32(i), mix(sum-placed(i, p), uint64(i)) + uint64(len(parts))})
		}
	}
	return all
}

// placed hashes a part with its place.
func placed(i int, p part) uint64 {
	if p.kind == varToken {
		return mix(prime2, uint64(i))
	}
	return hashString(mix(seed, uint64(i)), p.text)
}

// unite merges templates that differ in one column, if they are various enough.
func (m *Miner) unite(vs []variant) bool {
	col := vs[0].col
	live := vs[:0:0]
	wild := false
	for _, v := range vs {
		if p := m.nodes[v.id].parts; p != nil {
			live = append(live, v)
			wild = wild || p[col].kind == varToken
		}
	}
	need := minVariety
	switch {
	case wild:
		need = 2
	case col == 0:
		need = minFirst
	}
	if len(live) < need {
		return false
	}
	for _, v := range live[1:] {
		m.join(live[0].id, v.id)
	}
	return true
}

// compact merges early because there are too many shapes, and indexes the
// templates so that new shapes are matched to them first.
func (m *Miner) compact() {
	m.fold()
	clear(m.byText)
	m.index = map[uint64][]int32{}
	for id := range m.nodes {
		if p := m.nodes[id].parts; p != nil && id != overflowID {
			m.byText[render(p)] = int32(id)
			k := skeleton(p)
			m.index[k] = append(m.index[k], int32(id))
		}
	}
	if m.live > m.cfg.MaxShapes*3/4 {
		m.collapse()
	}
}

// collapse merges the templates of equal punctuation, rarest kinds first, until
// half of the bound is free.
func (m *Miner) collapse() {
	keys := make([]uint64, 0, len(m.index))
	for k := range m.index {
		keys = append(keys, k)
	}
	total := func(ids []int32) (n int64) {
		for _, id := range ids {
			n += m.counts[id]
		}
		return n
	}
	slices.SortFunc(keys, func(a, b uint64) int {
		x, y := m.index[a], m.index[b]
		return cmp.Or(cmp.Compare(total(x)/int64(len(x)), total(y)/int64(len(y))), cmp.Compare(x[0], y[0]))
	})
	for _, k := range keys {
		if m.live <= m.cfg.MaxShapes/2 {
			return
		}
		ids := m.index[k]
		for _, id := range ids[1:] {
			m.join(ids[0], id)
			m.stats.Collapsed++
		}
		m.index[k] = ids[:1]
	}
}

// skeleton hashes all but the words.
func skeleton(parts []part) uint64 {
	return hashParts(parts, func(int, part) bool { return true })
}

// known finds a template that parts are an instance of.
func (m *Miner) known(parts []part) (int32, bool) {
	for _, id := range m.index[skeleton(parts)] {
		t := m.nodes[id].parts
		if t == nil || len(t) != len(parts) {
			continue
		}
		ok := true
		for i := range t {
			if t[i].kind != varToken && t[i] != parts[i] {
				ok = false
				break
			}
		}
		if ok {
			return id, true
		}
	}
	return 0, false
}
