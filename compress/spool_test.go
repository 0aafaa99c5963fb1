package compress

import (
	"slices"
	"testing"
)

// TestSpool gives back ids of every length, from memory and from a file, over
// the ends of what is read at once.
func TestSpool(t *testing.T) {
	for _, bound := range []int{1, 1000, 1 << 20} {
		s := spool{bound: bound, dir: t.TempDir()}
		defer s.Close()
		var want []int32
		for i := range 70_000 {
			id := i * 131 % (1 << (i % 21))
			want = append(want, int32(id))
			s.add(id)
			if err := s.settle(); err != nil {
				t.Fatal(err)
			}
		}
		r, err := s.reader()
		if err != nil {
			t.Fatal(err)
		}
		var got []int32
		for n := -1; n != len(got); {
			n = len(got)
			if got, err = nextIDs(r, got, n+777); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("bound %d: %d ids come back of %d, or others", bound, len(got), len(want))
		}
		if (s.file != nil) != (bound < 1<<20) {
			t.Errorf("bound %d: the file is %v", bound, s.file)
		}
	}
}
