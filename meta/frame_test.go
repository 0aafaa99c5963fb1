package meta

import (
	"testing"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// recording is a bundle with a metric row every 10 s over a window.
func recording(w incident.Window) *telemetry.Bundle {
	t := telemetry.Table{Node: "a"}
	for at := w.From; at.Before(w.To); at = at.Add(10 * time.Second) {
		t.Times = append(t.Times, at.UnixNano())
	}
	return &telemetry.Bundle{Tables: []telemetry.Table{t}}
}

func TestFrameOf(t *testing.T) {
	all := minute(0, 60)
	for _, tt := range []struct {
		name             string
		window, baseline incident.Window
		wantSearchFrom   time.Time
		wantBaseline     []incident.Window
	}{
		{"window and baseline apart", minute(30, 34), minute(0, 20), noon.Add(28*time.Minute + 30*time.Second), []incident.Window{minute(0, 20)}},
		{"baseline up to the window", minute(30, 34), minute(29, 30), noon.Add(29*time.Minute + 30*time.Second), []incident.Window{minute(29, 30)}},
		{
			"baseline around the window", minute(30, 34), minute(0, 60), noon.Add(28*time.Minute + 30*time.Second),
			[]incident.Window{{From: noon, To: noon.Add(28*time.Minute + 30*time.Second)}, minute(34, 60)},
		},
		{"no baseline", minute(30, 34), incident.Window{}, noon.Add(28*time.Minute + 30*time.Second), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := recording(all)
			b.Incident.Window, b.Incident.Baseline = tt.window, tt.baseline
			f := frameOf(b)
			if f.Window != tt.window || !f.Search.From.Equal(tt.wantSearchFrom) {
				t.Errorf("window %v search from %v, want %v and %v", f.Window, f.Search.From, tt.window, tt.wantSearchFrom)
			}
			if len(f.Baseline) != len(tt.wantBaseline) {
				t.Fatalf("baseline %v, want %v", f.Baseline, tt.wantBaseline)
			}
			for i, w := range tt.wantBaseline {
				if f.Baseline[i] != w {
					t.Errorf("baseline[%d] = %v, want %v", i, f.Baseline[i], w)
				}
			}
		})
	}
}

func TestFrameOfWholeRecording(t *testing.T) {
	f := frameOf(recording(minute(0, 10)))
	if !f.Window.From.Equal(noon) || f.Window.To.Before(noon.Add(9*time.Minute)) {
		t.Errorf("window = %v, want all that was recorded", f.Window)
	}
}
