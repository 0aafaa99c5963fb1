package compress_test

import (
	"fmt"
	"testing"
	"time"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// A baseline of an hour of which ten minutes were recorded says what is usual in
// those ten minutes.
func TestFolderGaps(t *testing.T) {
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for _, tt := range []struct {
		name  string
		every int // milliseconds between records
		kind  compress.ChangeKind
	}{
		{"talkative: the rest is a gap", 100, compress.Steady},
		{"hardly a word: the rest is silence", 4000, compress.Burst},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := compress.NewFolder(compress.NewMiner(compress.Config{}),
				incident.Window{From: at(3600), To: at(3660)}, incident.Window{From: at(0), To: at(3600)})
			add := func(from, to int) {
				for ms := 1000 * from; ms < 1000*to; ms += tt.every {
					r := telemetry.Record{Time: start.Add(time.Duration(ms) * time.Millisecond).UnixNano(), Node: "a", Body: fmt.Appendf(nil, "did %d", ms)}
					f.Add(&r)
				}
			}
			for k := range 10 { // a minute, then five of nothing
				add(360*k, 360*k+60)
			}
			add(3600, 3660)
			lines, _ := f.Lines(compress.ChangeConfig{})
			if len(lines) != 1 || lines[0].Change.Kind != tt.kind {
				t.Errorf("got %+v, want one line that is %s", lines, tt.kind)
			}
		})
	}
}
