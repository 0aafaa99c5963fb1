package otlp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"triagent/connectors/otlp/ring"
	"triagent/incident"
)

// place is where in the ring a damage begins. A ring is read several times, and
// meets with the same one.
type place struct {
	segment string
	at      int64
}

// note remembers what could not be read.
func (g *gathering) note(seen ring.Seen) {
	for _, d := range seen.Damaged {
		at := place{d.Segment, d.At}
		if old, ok := g.damaged[at]; !ok || old.Bytes < d.Bytes {
			g.damaged[at] = d
		}
	}
}

// maxLost bounds the segments that are named.
const maxLost = 20

// lost says what of which segment could not be read.
func (g *gathering) lost() []incident.Missing {
	all := slices.SortedFunc(maps.Values(g.damaged), func(a, b ring.Damage) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.At, b.At))
	})
	var out []incident.Missing
	segments := 0
	for len(all) > 0 {
		first, n := all[0], 0
		sum := ring.Damage{}
		for n < len(all) && all[n].Segment == first.Segment {
			sum.Bytes += all[n].Bytes
			sum.Batches += all[n].Batches
			sum.Items += all[n].Items
			n++
		}
		all = all[n:]
		if segments++; segments > maxLost {
			continue
		}
		why := fmt.Sprintf("segment %s is damaged: %d bytes in %d places cannot be read", first.Segment, sum.Bytes, n)
		if sum.Batches > 0 {
			why += fmt.Sprintf(", among them %d batches with %d items", sum.Batches, sum.Items)
		}
		why += fmt.Sprintf("; the first at byte %d: %s", first.At, first.Why)
		out = append(out, incident.Missing{What: "a part of what was received", Why: why})
	}
	if segments > maxLost {
		out = append(out, incident.Missing{What: "a part of what was received", Why: fmt.Sprintf("%d more segments are damaged", segments-maxLost)})
	}
	return out
}
