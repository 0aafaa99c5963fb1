package ring_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"triagent/connectors/otlp/ring"
)

// TestPast damages a segment of ten batches in every way: what is whole after the
// damage is read, and all that was lost is told.
func TestPast(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, bounds, nil)
	var ends []int
	for i := range 10 {
		add(t, r, ring.Kind(i%2), int64(i), fmt.Appendf(noise(uint64(i), 60), "%d", i))
		s, err := r.Stats()
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(s.Bytes))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	path := files(t, dir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := func(from, to int) []byte { return slices.Delete(bytes.Clone(whole), from, to) }
	flip := func(at ...int) []byte {
		b := bytes.Clone(whole)
		for _, i := range at {
			b[i] ^= 0x55
		}
		return b
	}
	for _, tt := range []struct {
		name           string
		data           []byte
		gone           string // batches that do not come
		places, counts int    // of damage, and the batches that it names
	}{
		{"a head", flip(ends[2] + 3), "3", 1, 0},
		{"a body", flip(ends[2] + 70), "3", 1, 1},
		{"two heads in a row", flip(ends[2], ends[3]), "34", 1, 0},
		{"a body and the head after it", flip(ends[2]+70, ends[3]), "34", 1, 1},
		{"two places", flip(ends[1]+70, ends[6]), "27", 2, 1},
		{"zeros over three", append(append(bytes.Clone(whole[:ends[2]+20]), make([]byte, ends[5]-ends[2]-30)...), whole[ends[5]-10:]...), "345", 1, 0},
		{"bytes missing in a body", cut(ends[4]+60, ends[4]+90), "5", 1, 1},
		{"bytes missing in a head", cut(ends[4]+10, ends[4]+20), "5", 1, 0},
		{"bytes missing from one to another", cut(ends[4]+60, ends[6]+60), "567", 1, 1},
		{"bytes too many", slices.Insert(bytes.Clone(whole), ends[4], []byte("TRR1 what is this? TRR1")...), "", 1, 0},
		{"the beginning", whole[ends[0]-20:], "0", 1, 0},
		{"bytes missing in the last", cut(ends[9]-30, ends[9]-10), "9", 1, 1},
		{"cut in the middle", whole[:ends[4]+30], "56789", 1, 0},
	} {
		if err := os.WriteFile(path, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, seen := all(t, dir, ring.Traces, ring.Metrics)
		var names string
		for _, g := range got {
			names += g[len(g)-1:]
		}
		var want string
		for _, c := range "0123456789" {
			if !bytes.ContainsRune([]byte(tt.gone), c) {
				want += string(c)
			}
		}
		counts := 0
		for _, d := range seen.Damaged {
			counts += d.Batches
			if d.Bytes <= 0 || d.Why == "" || d.Segment == "" {
				t.Errorf("%s: %+v", tt.name, d)
			}
		}
		if names != want || len(seen.Damaged) != tt.places || counts != tt.counts {
			t.Errorf("%s: got %s, want %s; %d places with %d batches: %+v", tt.name, names, want, len(seen.Damaged), counts, seen.Damaged)
		}
		// One kind comes as well as both, whatever lies between.
		only, _ := all(t, dir, ring.Traces)
		n := 0
		for _, c := range want {
			n += 1 - int(c-'0')%2
		}
		if len(only) != n {
			t.Errorf("%s: of one kind %d batches come, want %d", tt.name, len(only), n)
		}
		if _, err := ring.Read(t.Context(), dir, ring.Want{Kinds: []ring.Kind{ring.Logs}, From: math.MinInt64, To: math.MaxInt64}, nil); err != nil {
			t.Error(err)
		}
	}
}
