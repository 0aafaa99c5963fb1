package data

import (
	"math"
	"testing"
)

// In a window of five samples a single one counts, but not where it is far from
// the limit that another metric of the same meaning tells of.
func TestMetricLoneSample(t *testing.T) {
	peak := func(rows int, usual, high float64) func(int) float64 {
		return func(row int) float64 {
			if row%6 != 0 {
				return math.NaN() // one a minute: five in the window
			}
			if row >= 72 && row < 72+6*rows {
				return high
			}
			return usual
		}
	}
	for _, tt := range []struct {
		name    string
		metrics map[string]func(int) float64
		want    int
	}{
		{"far from its limit", map[string]func(int) float64{"cpu_usage_millicores": peak(1, 5, 60), "cpu_usage_percent": peak(1, 1, 12)}, 0},
		{"near its limit", map[string]func(int) float64{"cpu_usage_millicores": peak(1, 5, 450), "cpu_usage_percent": peak(1, 1, 90)}, 1},
		{"no limit known", map[string]func(int) float64{"cpu_usage_millicores": peak(1, 5, 60)}, 1},
		{"not a lone one", map[string]func(int) float64{"cpu_usage_millicores": peak(2, 5, 60), "cpu_usage_percent": peak(2, 1, 12)}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(t)
			r.node("a", tt.metrics)
			if got := about(measured(t, r), "cpu.use"); len(got) != tt.want {
				t.Errorf("evidence %+v, want %d", got, tt.want)
			}
		})
	}
}
