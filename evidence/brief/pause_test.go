package brief

import (
	"testing"
	"time"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

func TestPauses(t *testing.T) {
	in := &incident.Incident{
		Baseline: incident.Window{From: start, To: start.Add(time.Minute)},
		Window:   incident.Window{From: start.Add(time.Minute), To: start.Add(2 * time.Minute)},
	}
	p := pauses{in: in}
	write := func(node string, seconds ...int) {
		for _, s := range seconds {
			r := telemetry.Record{Node: incident.NodeID(node), Time: start.Add(time.Duration(s) * time.Second).UnixNano(), Body: []byte("began with 7")}
			p.see(&r)
		}
	}
	write("a", 1, 3, 5, 18, 20, 30, 32, 45, 59, 62, 64, 66, 110) // writes every few seconds, then not for 44
	write("b", 1, 30, 59, 119)                                   // hardly ever
	write("c", 55, 57, 59, 118)                                  // silent before as well
	write("d", 1, 3, 5, 8, 10, 14, 20, 25, 30, 35, 40, 45, 50, 55, 59, 63)
	lines := []compress.Line{{Node: "b", Template: "began with <*>"}, {Node: "a", Template: "began"}, {Node: "a", Template: "began with <*>"}}
	got := p.told(lines)
	if len(got) != 1 || got[0].Line.Node != "a" || got[0].Length != 44*time.Second || got[0].Usual != 14*time.Second {
		t.Fatalf("got %+v, want the 44 s of a", got)
	}
	want := "log silent for 44 s from +6, usual 14 s, then:"
	if text := got[0].short(in.Window); text != want {
		t.Errorf("%q, want %q", text, want)
	}
}
