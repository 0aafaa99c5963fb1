package data

import (
	"strings"
	"testing"
)

// A log that was read in the wrong zone lies hours away from everything.
func TestLogAway(t *testing.T) {
	const hour = 3600
	for _, tt := range []struct {
		name string
		off  map[string]float64 // seconds by which a node's records are off
		want []string           // parts of the text; none: nothing is missing
	}{
		{"all in place", map[string]float64{"front-1": 0, "stock-1": 0}, nil},
		{"partly in place", map[string]float64{"front-1": -300}, nil},
		{"one away", map[string]float64{"front-1": 0, "stock-1": 8 * hour}, []string{
			"of stock-1 lies", "from 2026-01-02 18:00:00 to 2026-01-02 18:12:00", "window from 2026-01-02 10:11:00 to 2026-01-02 10:13:00", "log_zone",
		}},
		{"two away", map[string]float64{"front-1": -2 * hour, "stock-1": 8 * hour}, []string{
			"of front-1 stock-1 lies", "from 2026-01-02 08:00:00 to 2026-01-02 18:12:00",
		}},
		{"many away", map[string]float64{"a": hour, "b": hour, "c": hour, "d": hour, "e": hour, "f": hour}, []string{"of a b c d +2 lies"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			for node, off := range tt.off {
				for at := 0.0; at <= 720; at += 60 {
					s.line(node, "", "INFO", "handled a request", off+at)
				}
			}
			got := investigate(t, Log{}, s.input()).Missing
			if len(tt.want) == 0 {
				if len(got) != 0 {
					t.Fatalf("missing: %+v, want nothing", got)
				}
				return
			}
			if len(got) != 1 || got[0].What != "logs" {
				t.Fatalf("missing: %+v, want one entry about logs", got)
			}
			for _, part := range tt.want {
				if !strings.Contains(got[0].Why, part) {
					t.Errorf("%q does not say %q", got[0].Why, part)
				}
			}
		})
	}
}

// TestTimeless names the node whose log bears no times.
func TestTimeless(t *testing.T) {
	s := newScene(t)
	for at := 0.0; at <= 720; at += 60 {
		s.line("front-1", "", "INFO", "handled a request", at)
	}
	s.write("logs/stock-1.log", "ready\nno room left\n")
	got := investigate(t, Log{}, s.input()).Missing
	if len(got) != 1 || got[0].What != "logs" || !strings.Contains(got[0].Why, "no record of stock-1 bears a time") {
		t.Errorf("missing: %+v", got)
	}
}

// TestLogBefore has logs that begin with the window compare with nothing.
func TestLogBefore(t *testing.T) {
	for from, want := range map[float64]bool{0: true, 690: false} {
		s := newScene(t)
		for at := from; at <= 780; at += 10 {
			s.line("front-1", "", "INFO", "handled a request", at)
		}
		in := s.input()
		if got := investigate(t, Log{}, in); got.Compared != want || (got.Normal > 0) != want {
			t.Errorf("from %v s: compared %v, %v of the baseline; window %v, baseline %v", from, got.Compared, got.Normal, in.Frame.Window, in.Frame.Baseline)
		}
	}
}
