package compress

// table maps masked hashes to ids by open addressing with linear probing. The
// zero hash is stored as 1. It never shrinks; clear empties it.
type table struct {
	keys []uint64
	ids  []int32
	used int
}

func newTable(size int) *table {
	n := 1024
	for n < 2*size {
		n *= 2
	}
	return &table{keys: make([]uint64, n), ids: make([]int32, n)}
}

func (t *table) get(h uint64) (int32, bool) {
	if h == 0 {
		h = 1
	}
	mask := uint64(len(t.keys) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch t.keys[i] {
		case h:
			return t.ids[i], true
		case 0:
			return 0, false
		}
	}
}

// put stores id for h, which must not be in the table yet, and drops everything
// first if the table is half full.
func (t *table) put(h uint64, id int32) {
	if 2*t.used >= len(t.keys) {
		t.clear()
	}
	if h == 0 {
		h = 1
	}
	mask := uint64(len(t.keys) - 1)
	i := h & mask
	for t.keys[i] != 0 {
		i = (i + 1) & mask
	}
	t.keys[i], t.ids[i] = h, id
	t.used++
}

func (t *table) clear() {
	clear(t.keys)
	t.used = 0
}
