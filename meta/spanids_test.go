package meta

import (
	"testing"

	"pgregory.net/rapid"

	"triagent/incident"
)

// A table of span IDs answers as a map would, whatever slots the IDs share.
func TestSpanIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table spanIDs
		want := map[uint64]incident.NodeID{}
		id := rapid.Uint64Range(0, 40)
		shift := rapid.IntRange(0, 60).Draw(t, "shift")
		for range rapid.IntRange(0, 1500).Draw(t, "n") {
			k, n := id.Draw(t, "id")<<shift, rapid.SampledFrom([]incident.NodeID{"", "a", "b"}).Draw(t, "node")
			table.put(k, n)
			want[k] = n
		}
		for i := range uint64(60) {
			n, ok := table.node(i << shift)
			if w, had := want[i<<shift]; ok != had || n != w {
				t.Fatalf("%x: %q %v, want %q %v", i<<shift, n, ok, w, had)
			}
		}
	})
}

// It grows, and still finds what it held.
func TestSpanIDsGrow(t *testing.T) {
	var table spanIDs
	for i := range uint64(10_000) {
		table.put(i<<54|i, incident.NodeID(rune('a'+i%5)))
	}
	for i := range uint64(10_000) {
		if n, ok := table.node(i<<54 | i); !ok || n != incident.NodeID(rune('a'+i%5)) {
			t.Fatalf("%d: %q %v", i, n, ok)
		}
	}
	if _, ok := table.node(1 << 63); ok {
		t.Error("found what was not put")
	}
}
