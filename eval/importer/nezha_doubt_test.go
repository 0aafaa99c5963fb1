package importer

import (
	"strconv"
	"testing"
	"time"

	"triagent/incident"
)

// Two pods with a sample a minute for an hour; the list names a CPU fault of a
// from minute 10 to 13 and an exception at minute 50.
func TestNezhaDoubts(t *testing.T) {
	start := time.Date(2023, 1, 29, 8, 0, 0, 0, time.UTC)
	at := func(m int) time.Time { return start.Add(time.Duration(m) * time.Minute) }
	pod := func(name string, up map[int]float64) podTable {
		p := podTable{pod: name, header: []string{"CpuUsage(m)", unlistedColumn}}
		for m := range 60 {
			v := 2.0
			if u, ok := up[m]; ok {
				v = u
			}
			p.times = append(p.times, at(m).UnixNano())
			p.rows = append(p.rows, []string{"1", strconv.FormatFloat(v, 'f', -1, 64)})
		}
		return p
	}
	d := nezhaDay{
		faults: []nezhaFault{{at: at(10), pod: "a", label: "cpu_contention"}, {at: at(50), pod: "b", label: "exception"}},
		metrics: []podTable{
			pod("a", map[int]float64{10: 50, 11: 90, 12: 90}),
			// Of b: like the listed one, too short, too small.
			pod("b", map[int]float64{30: 60, 31: 90, 35: 100, 40: 40, 41: 40, 42: 40}),
		},
	}
	m := Manifest{Doubts: d.doubts()}
	if len(m.Doubts) != 3 {
		t.Fatalf("doubts = %+v, want one of b and one before each listed fault", m.Doubts)
	}
	if got := m.Doubts[1]; !got.From.Equal(at(29)) || !got.To.Equal(at(32)) {
		t.Errorf("doubt = %+v, want minutes 29 to 32", got)
	}
	for minute, doubtful := range map[int]bool{9: true, 11: false, 26: false, 29: true, 35: false, 40: false, 49: true, 51: false} {
		if got := m.Doubted(incident.Window{From: at(minute), To: at(minute + 1)}); (got != "") != doubtful {
			t.Errorf("minute %d: %q", minute, got)
		}
	}
	d.faults = d.faults[1:] // no listed CPU fault tells how one looks
	if got := d.doubts(); len(got) != 1 {
		t.Errorf("doubts = %+v", got)
	}
}
