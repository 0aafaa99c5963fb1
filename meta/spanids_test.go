package meta

import (
	"testing"

	"pgregory.net/rapid"
)

// A table of span IDs answers as a map would, whatever slots the IDs share.
func TestSpanTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[uint64]int32{}
		var all []slot
		id := rapid.Uint64Range(0, 40)
		shift := rapid.IntRange(0, 60).Draw(t, "shift")
		for range rapid.IntRange(0, 1500).Draw(t, "n") {
			s := slot{id.Draw(t, "id") << shift, rapid.Int32Range(0, 2).Draw(t, "node")}
			all = append(all, s)
			want[s.id] = s.node
		}
		table := newSpanTable(len(all))
		for _, s := range all {
			table.put(s.id, s.node)
		}
		for i := range uint64(60) {
			n, had := want[i<<shift]
			if !had {
				n = -1
			}
			if got := table.node(i << shift); got != n {
				t.Fatalf("%x: %d, want %d", i<<shift, got, n)
			}
		}
	})
}

// However many IDs there are, some slots are free.
func TestSpanTableRoom(t *testing.T) {
	for n := range 3000 {
		table := newSpanTable(n)
		for i := range n {
			table.put(uint64(i), 0)
		}
		if 4*n > 3*len(table) || table.node(1<<63) != -1 {
			t.Fatalf("%d IDs in %d slots", n, len(table))
		}
	}
}

// IDs that were chosen to meet in one place of the table do not.
func TestSpanTableSpread(t *testing.T) {
	const n = 4000
	for name, id := range map[string]func(i int) uint64{
		"low bits":  func(i int) uint64 { return uint64(i+1) << 40 },
		"high bits": func(i int) uint64 { return uint64(i + 1) },
	} {
		table := newSpanTable(n)
		for i := range n {
			table.put(id(i), 0)
		}
		longest, run := 0, 0
		for i := range table {
			if run++; table[i].node < 0 {
				run = 0
			}
			longest = max(longest, run)
		}
		if longest > n/4 {
			t.Errorf("%s: %d of %d in a row", name, longest, n)
		}
	}
}
