package compress

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

func blocks(seconds float64, counts ...int64) []Block {
	var bs []Block
	for _, c := range counts {
		bs = append(bs, Block{c, seconds})
	}
	return bs
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name         string
		window, base []Block
		kind         ChangeKind
		g, phi       float64 // g below 0: not looked at
	}{
		// rate 90/660: E 8.1818, F 81.818; 2 (30 ln 3.6667 + 60 ln .73333)
		{"burst", blocks(60, 30), blocks(600, 60), Burst, 40.738, 1},
		// 2 * 5 ln(660/60) on E of 5*60/660
		{"new", blocks(60, 5), blocks(600, 0), New, 23.979, 1},
		{"vanished", blocks(60, 0), blocks(60, 10, 10, 10), Vanished, 17.261, 1},
		{"the same", blocks(60, 10), blocks(60, 10, 10, 10), Steady, 0, 1},
		{"less", blocks(60, 3), blocks(60, 30, 30, 30), Drop, -1, 1},
		{"nothing", blocks(60, 0), blocks(60, 0, 0), Steady, 0, 1},
		{"no baseline", blocks(60, 9), nil, Steady, 0, 1},
		// mean 20, z^2 20 each: (80 + 3) / 7
		{"clustered", blocks(60, 40), blocks(60, 0, 40, 0, 40), Burst, -1, 83. / 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Compare(tt.window, tt.base, ChangeConfig{})
			if c.Kind != tt.kind || math.Abs(c.Dispersion-tt.phi) > 1e-9 || tt.g >= 0 && math.Abs(c.G-tt.g) > .01 {
				t.Errorf("%+v, want %s, G %v, dispersion %v", c, tt.kind, tt.g, tt.phi)
			}
		})
	}
}

func TestCompareTrims(t *testing.T) {
	// The last baseline block already holds the fault.
	c := Compare(blocks(60, 300), blocks(60, 10, 12, 9, 11, 10, 8, 12, 280), ChangeConfig{})
	if c.Kind != Burst || c.Expected > 12 || c.Baseline != 352 {
		t.Errorf("%+v: one bad block hides the burst", c)
	}
}

func TestChanges(t *testing.T) {
	items := []Counted{{blocks(60, 50), blocks(60, 5, 6, 4, 5)}}
	for i := range 99 { // what chance does to a rate of one a block
		items = append(items, Counted{blocks(60, int64(i%3)), blocks(60, 1, 0, 2, 1)})
	}
	got := Changes(items, ChangeConfig{})
	if got[0].Kind != Burst {
		t.Errorf("burst reads %+v", got[0])
	}
	for i, c := range got[1:] {
		if c.Kind != Steady {
			t.Errorf("item %d reads %+v", i+1, c)
		}
	}
}

func at(s int) time.Time { return time.Unix(1_700_000_000+int64(s), 0) }

func TestFolder(t *testing.T) {
	win := incident.Window{From: at(600), To: at(660)}
	base := incident.Window{From: at(0), To: at(600)}
	f := NewFolder(NewMiner(Config{}), win, base)
	add := func(node string, s int, l telemetry.Level, body string) {
		f.Add(&telemetry.Record{Node: incident.NodeID(node), Time: at(s).UnixNano(), Level: l, Body: []byte(body)})
	}
	for s := range 660 {
		add("a", s, telemetry.Info, fmt.Sprintf("served request %d", s))
		add("b", s, telemetry.Info, fmt.Sprintf("served request %d", s))
	}
	for s := range 600 {
		add("a", s, telemetry.Info, "heartbeat sent")
	}
	for s := 620; s < 650; s++ {
		add("b", s, telemetry.Error, fmt.Sprintf("write to /data/%d failed: no space left", s))
	}
	add("b", 700, telemetry.Info, "later")
	lines, red := f.Lines(ChangeConfig{})
	if len(lines) != 4 || red.In != 60+60+30 || red.Out != 3 || f.Outside() != 1 {
		t.Fatalf("%d lines, reduction %+v, %d outside: %+v", len(lines), red, f.Outside(), lines)
	}
	want := []string{
		"[new] 30x 22:23:40-22:24:09 ERROR b: write to <*> failed: no space left",
		"[vanished] 0x INFO a: heartbeat sent",
		"60x 22:23:20-22:24:19 INFO a: served request <*>",
		"60x 22:23:20-22:24:19 INFO b: served request <*>",
	}
	for i, l := range lines {
		if l.String() != want[i] {
			t.Errorf("line %d is %q, want %q", i, l.String(), want[i])
		}
	}
	if lines[0].Sample != "write to /data/620 failed: no space left" {
		t.Errorf("sample %q", lines[0].Sample)
	}
}

func TestMeaning(t *testing.T) {
	for _, tt := range []struct {
		template string
		want     float64
	}{
		{"served request <*>", 0},
		{"java.net.SocketTimeoutException: Read timed out", 1.6},
		{"room is ready", 0}, // no oom
		{"OOM killer", .8},
		{"Compaction of <*> finished", .3},
	} {
		if got := Meaning(tt.template); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("Meaning(%q) = %v, want %v", tt.template, got, tt.want)
		}
	}
}

func TestRankIsStable(t *testing.T) {
	var a, b []Line
	for i := range 40 {
		l := Line{Template: strings.Repeat("x", i%5+1), Count: int64(i % 3), First: int64(i % 2), Node: incident.NodeID(fmt.Sprint(i))}
		a = append(a, l)
		b = append([]Line{l}, b...)
	}
	Rank(a)
	Rank(b)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("place %d: %+v and %+v", i, a[i], b[i])
		}
	}
}
