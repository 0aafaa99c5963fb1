package evidence

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Sorted by bytes is sorted by comparing, of whatever magnitudes.
func TestRadixSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 1), rapid.Just(math.Inf(1)), rapid.Just(0.0)), 1, 300).Draw(t, "x")
		x = slices.DeleteFunc(x, math.IsNaN)
		if len(x) == 0 {
			return
		}
		want := slices.Sorted(slices.Values(x))
		radixSort(x)
		if !slices.Equal(x, want) {
			t.Fatalf("%v, want %v", x, want)
		}
	})
	long := make([]float64, 5000)
	for i := range long {
		long[i] = rand.New(rand.NewPCG(1, uint64(i))).NormFloat64()
	}
	want := slices.Sorted(slices.Values(long))
	if sortFloats(long); !slices.Equal(long, want) {
		t.Error("a long one is not sorted")
	}
}

// madWalked is madLog as walking outwards from the centre gives it.
func madWalked(x []float64, s *scale) float64 {
	var d []float64
	for _, v := range x {
		d = append(d, math.Abs(s.at(v)-s.centre))
	}
	slices.Sort(d)
	return quantileSorted(d, .5)
}

func TestMadLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0, 1e9), rapid.SampledFrom([]float64{0, 1, 2})), 1, 60).Draw(t, "x")
		slices.Sort(x)
		s := scale{log: true, offset: rapid.Float64Range(1e-9, 10).Draw(t, "offset")}
		s.centre = s.at(rapid.SampledFrom(append(x, 0, 1e10)).Draw(t, "centre"))
		if got, want := madLog(x, &s), madWalked(x, &s); math.Abs(got-want) > 1e-12*(1+want) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

func BenchmarkSortFloats(b *testing.B) {
	from := make([]float64, 900)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range from {
		from[i] = math.Round(1e4*(20+r.NormFloat64())) / 1e4
	}
	x := make([]float64, len(from))
	for name, sort := range map[string]func([]float64){"comparing": slices.Sort[[]float64], "radix": radixSort} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				copy(x, from)
				sort(x)
			}
		})
	}
}
