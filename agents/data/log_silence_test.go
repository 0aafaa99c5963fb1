package data

import (
	"fmt"
	"testing"

	"triagent/knowledge"
)

// A log that falls silent for a while and goes on with the line of a start is
// that of a process that was gone, though it wrote the same line when it was
// well. Too short a silence is that of a batch.
func TestLogPause(t *testing.T) {
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		back float64 // seconds at which the log goes on after 690
		want bool
	}{{"half a minute", 725, true}, {"a batch", 696, false}} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			for _, node := range []string{"front-1", "stock-1", "db-1"} {
				s.line(node, "", "INFO", "server started on port 80", 100)
				for i := 100; i < 780; i++ {
					when := float64(i)
					if node == "stock-1" && when >= 690 && when < tt.back {
						continue
					}
					if node == "stock-1" && when == tt.back {
						s.line(node, "", "INFO", "server started on port 80", when)
					}
					s.line(node, "", "INFO", fmt.Sprintf("handled request %d in %d ms", i, i%7), when)
				}
			}
			in := s.input()
			in.Base = base
			res := investigate(t, Log{}, in)
			silent, restart := best(res, "log.silent"), best(res, "log.restart")
			if got := silent.Node == "stock-1" && restart.Node == "stock-1"; got != tt.want {
				t.Fatalf("silence of %q, start of %q, wanted %t", silent.Node, restart.Node, tt.want)
			}
			if !tt.want {
				return
			}
			if silent.Onset.From.After(at(690)) || silent.Onset.To.Before(at(690)) || silent.Window.To.After(at(tt.back)) {
				t.Errorf("silent from %v in %v, want 690 s to %v s", silent.Onset, silent.Window, tt.back)
			}
			if restart.Onset.To.Before(at(tt.back)) {
				t.Errorf("started %v, want after %v s", restart.Onset, tt.back)
			}
		})
	}
}
