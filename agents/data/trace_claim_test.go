package data

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/report"
)

// worded is what a reader reads.
func worded(e incident.Evidence) string {
	return report.Options{}.Word(e.Text)
}

// calls fills a scene with five calls a second of one operation, which takes 20 ms
// and its child a part of it.
func calls(s *scene, took func(i int, slow bool) (whole, child float64)) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range 5 * 780 {
		when, trace := float64(i)/5, fmt.Sprintf("t%d", i)
		whole, child := took(i, when >= 690)
		root := s.span(trace, "", "front-1", "GET /buy", "server", when, whole+rnd.Float64()/10, nil)
		s.span(trace, root, "front-1", "wait", "internal", when, child, nil)
	}
}

// TestStatistic names the statistic that moved: the slowest calls where the median
// stands still.
func TestStatistic(t *testing.T) {
	for _, tt := range []struct {
		name   string
		took   func(i int, slow bool) (whole, child float64)
		signal incident.Signal
		want   []string
	}{
		{"all are slower", func(_ int, slow bool) (float64, float64) {
			if slow {
				return 200, 10
			}
			return 20, 10
		}, "span.latency", []string{"20 ms → 200 ms", "median of"}},
		{"some are much slower", func(i int, slow bool) (float64, float64) {
			if slow && i%5 == 0 {
				return 2000, 10
			}
			return 20, 10
		}, "span.latency", []string{"20.1 ms → 2 s", "where the slowest tenth of 450 spans begins"}},
		{"its own part is longer", func(_ int, slow bool) (float64, float64) {
			if slow {
				return 20, 10
			}
			return 20, 18
		}, "span.self_time", []string{"takes longer itself; as a whole 20", "median of"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			calls(s, tt.took)
			text := worded(best(investigate(t, Trace{}, s.input()), tt.signal))
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %q", want, text)
				}
			}
		})
	}
}

// TestUnrecorded has a node whose log has just begun: nothing was recorded before,
// which is not 0 lines. Traces that have just begun are compared with what there is
// of them from before the fault, though it is searched too.
func TestUnrecorded(t *testing.T) {
	s := newScene(t)
	chatter(s, nil, func(node string, when float64) (string, string) {
		if node == "stock-1" && when >= 690 {
			return "ERROR", "shelf fell over"
		}
		return "", ""
	})
	if text := worded(best(investigate(t, Log{}, s.input()), "template.new")); !strings.Contains(text, " 0 before") {
		t.Errorf("%q, where the log was there before", text)
	}
	for i, l := range s.logs["stock-1"] {
		if strings.Contains(l, "fell over") {
			s.logs["stock-1"] = s.logs["stock-1"][i:]
			break
		}
	}
	if text := worded(best(investigate(t, Log{}, s.input()), "template.new")); !strings.Contains(text, "nothing recorded before") || strings.Contains(text, "0 before") {
		t.Errorf("%q", text)
	}

	s = newScene(t)
	s.shop(func(r *request) { r.ownStock, r.stockLine, r.noPrice = 100, "no such shelf 12", true })
	s.spans, s.logs = s.spans[6*605:], nil // of the last minute before the fault
	in := s.input()
	in.Frame.Baseline[0] = window(0, 660) // what is recorded of it is searched too
	told := 0
	for _, e := range investigate(t, Trace{}, in).Evidence {
		text := worded(e)
		if told++; strings.Contains(text, " 0 before") || strings.Contains(text, "of 0 before") || strings.Contains(text, "in 0 before") || strings.Contains(text, "n/a") {
			t.Errorf("%q, and a minute before is recorded", text)
		}
	}
	if told < 4 {
		t.Errorf("%d pieces of evidence", told)
	}
}
