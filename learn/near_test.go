package learn_test

import (
	"math"
	"testing"

	"triagent/internal/errs"
	"triagent/learn"
)

func TestAlike(t *testing.T) {
	x, err := learn.NewIndex([][]float64{{1, 0, 2}, {-1, 0, 0}, {0, 0, 0}, {1, math.NaN(), math.Inf(1)}}, []float64{1, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		row  []float64
		i    int
		want float64
	}{
		{"the same", []float64{1, 0, 2}, 0, 1},
		{"half of it", []float64{1, 0, 0}, 0, 0.2},
		{"nothing in common", []float64{0, 5, 0}, 0, 0},
		{"the other sign", []float64{1, 0, 0}, 1, 0},
		{"two empty ones", []float64{0, 0, 0}, 2, 0},
		{"missing is nothing", []float64{1, 0, math.Inf(1)}, 3, 1},
	} {
		if got := x.Alike(x.Query(tt.row), tt.i); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := x.Nearest([]float64{1, 0, 1}, 2); len(got) != 2 || got[0].Index != 0 || got[1].Index != 3 || got[0].Alike <= got[1].Alike {
		t.Errorf("nearest %v, want the first, then the last", got)
	}
	if _, err := learn.NewIndex([][]float64{{1}}, []float64{1, 1}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a short row: %v", err)
	}
	if _, err := learn.NewIndex(nil, []float64{-1}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a negative weight: %v", err)
	}
}
