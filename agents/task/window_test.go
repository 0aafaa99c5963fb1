package task

import (
	"math/rand/v2"
	"testing"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/telemetry"
)

// stretchOf is a part of a run, [from, to) in rows, during which columns are
// raised by a factor.
type stretchOf struct {
	from, to int
	factor   float64
}

// course is an input that names no window: rows one second apart, of eight
// noisy columns, the first six of which are raised during stretches.
func course(rows int, raised ...stretchOf) agents.Input {
	rng := rand.New(rand.NewPCG(1, 2))
	t := telemetry.Table{Node: "a"}
	for i := range rows {
		t.Times = append(t.Times, noon.Add(time.Duration(i)*time.Second).UnixNano())
	}
	for c := range 8 {
		col := telemetry.Column{Name: string(rune('a' + c))}
		for i := range rows {
			v := 100 * (1 + 0.05*rng.NormFloat64())
			for _, s := range raised {
				if c < 6 && i >= s.from && i < s.to {
					v *= s.factor
				}
			}
			col.Values = append(col.Values, v)
		}
		t.Columns = append(t.Columns, col)
	}
	all := incident.Window{From: noon, To: noon.Add(time.Duration(rows) * time.Second)}
	return agents.Input{Bundle: &telemetry.Bundle{Tables: []telemetry.Table{t}}, Frame: agents.Frame{Window: all}}
}

func TestFindWindow(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in       agents.Input
		from, to int // rows, give or take two
	}{
		{"a plateau", course(200, stretchOf{120, 150, 1.5}), 120, 150},
		{"a fall", course(200, stretchOf{120, 150, 0.5}), 120, 150},
		{"at the end", course(200, stretchOf{170, 200, 1.5}), 170, 200},
		{"after a warm-up that is odder", course(200, stretchOf{0, 20, 0.05}, stretchOf{120, 150, 1.5}), 120, 150},
		{"a long one outweighs a short one that is higher", course(200, stretchOf{60, 68, 1.8}, stretchOf{120, 160, 1.5}), 120, 160},
		{"a plateau outweighs a spike", course(200, stretchOf{60, 62, 4}, stretchOf{120, 150, 1.5}), 120, 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _, ok := FindWindow(tt.in)
			if !ok {
				t.Fatal("found none")
			}
			from, to := int(f.Window.From.Sub(noon).Seconds()), int(f.Window.To.Sub(noon).Seconds())
			if max(from-tt.from, tt.from-from) > 2 || max(to-tt.to, tt.to-to) > 2 {
				t.Errorf("found rows %d to %d, want %d to %d", from, to, tt.from, tt.to)
			}
			for _, b := range f.Baseline {
				if b.Overlaps(f.Window) {
					t.Errorf("baseline %v overlaps the window %v", b, f.Window)
				}
			}
			if len(f.Baseline) == 0 || f.Search != f.Window {
				t.Errorf("frame = %+v, want a baseline, and the onset searched in the window", f)
			}
		})
	}
}

// Of two parts of a run that differ the earlier is the normal one.
func TestFindWindowOfTwoHalves(t *testing.T) {
	f, _, ok := FindWindow(course(200, stretchOf{100, 200, 1.5}))
	if from := int(f.Window.From.Sub(noon).Seconds()); !ok || max(from-100, 100-from) > 2 {
		t.Errorf("window = %v, want the second half", f.Window)
	}
}

// Without a plateau some stretch is told all the same, with enough around it to
// measure it by; whether it is odd is for the evidence to say.
func TestFindWindowOfNothing(t *testing.T) {
	in := course(200)
	f, _, ok := FindWindow(in)
	if d := f.Window.Duration(); !ok || d < minInside*time.Second || d.Seconds() > maxShare*200 {
		t.Errorf("window = %v, %v, want one within bounds", f.Window, ok)
	}
	if all := in.Frame.Window; f.Window.From.Before(all.From.Add(minBefore*time.Second)) || f.Window.To.After(all.To) {
		t.Errorf("window = %v, want a stretch before it in %v", f.Window, all)
	}
}

func TestFindWindowRefuses(t *testing.T) {
	named, based := course(200), course(200)
	named.Bundle.Incident.Window = minute(1, 2)
	based.Bundle.Incident.Baseline = minute(1, 2)
	flat := course(200)
	for i := range flat.Bundle.Tables[0].Columns {
		clear(flat.Bundle.Tables[0].Columns[i].Values)
	}
	for name, in := range map[string]agents.Input{
		"a window is given": named, "a baseline is given": based, "too few rows": course(4*minInside - 1),
		"no column ever moves": flat, "no metrics": {Bundle: &telemetry.Bundle{}},
	} {
		if f, _, ok := FindWindow(in); ok {
			t.Errorf("%s: found %v", name, f.Window)
		}
	}
}
