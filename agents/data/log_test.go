package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/telemetry"
)

// chatter writes a line a second on three nodes, and what extra adds.
func chatter(s *scene, until map[string]float64, extra func(node string, when float64) (level, body string)) {
	for _, node := range []string{"front-1", "stock-1", "db-1"} {
		for i := range 780 {
			when := float64(i)
			if end, ok := until[node]; ok && when >= end {
				continue
			}
			s.line(node, "", "INFO", fmt.Sprintf("handled request %d in %d ms", i, i%7), when)
			if level, body := extra(node, when); body != "" {
				s.line(node, "", level, body, when)
			}
		}
	}
}

func nothing(string, float64) (level, body string) { return "", "" }

func TestLogFaults(t *testing.T) {
	on := func(node string, from float64, level, body string) func(string, float64) (string, string) {
		return func(n string, when float64) (string, string) {
			if n == node && when >= from {
				return level, body
			}
			return "", ""
		}
	}
	for _, tt := range []struct {
		name      string
		until     map[string]float64
		extra     func(string, float64) (string, string)
		signal    incident.Signal
		node      incident.NodeID
		peer      incident.NodeID
		direction incident.Direction
	}{
		{"new line", nil, on("stock-1", 690, "INFO", "took the long way round"), "template.new", "stock-1", "", incident.New},
		{"silence", map[string]float64{"stock-1": 690}, nothing, "log.silent", "stock-1", "", incident.Gone},
		{"errors", nil, on("stock-1", 690, "ERROR", "shelf fell over"), "log.error_rate", "stock-1", "", incident.Up},
		{"complaint by address", nil, on("stock-1", 690, "WARN", "can not send to peer 10.0.0.4:10730 for 3 times."), "peer.complaint", "db-1", "stock-1", incident.Up},
		{"complaint by name", nil, on("stock-1", 690, "WARN", "lost db-1, trying again"), "peer.complaint", "db-1", "stock-1", incident.Up},
		{"new line that names a peer", nil, on("stock-1", 690, "INFO", "waiting for db-1"), "template.new", "stock-1", "db-1", incident.New},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			chatter(s, tt.until, tt.extra)
			res := investigate(t, Log{}, s.input())
			e := best(res, tt.signal)
			if e.Node != tt.node || e.Peer != tt.peer || e.Direction != tt.direction || e.Score < healthyTop {
				t.Fatalf("strongest %s: %+v", tt.signal, e)
			}
			if e.Onset.From.After(at(690)) || e.Onset.To.Before(at(690)) {
				t.Errorf("onset %v, want 690 s in it", e.Onset)
			}
			if len(res.Reductions) == 0 || res.Reductions[0].In == 0 {
				t.Errorf("reductions %v", res.Reductions)
			}
		})
	}
}

func TestLogGoneAndBurst(t *testing.T) {
	s := newScene(t)
	chatter(s, nil, func(node string, when float64) (string, string) {
		switch {
		case node == "stock-1" && when < 690:
			return "INFO", "counted the shelves"
		case node == "db-1" && (int(when)%20 == 0 || when >= 690):
			return "INFO", "flushed a table"
		}
		return "", ""
	})
	res := investigate(t, Log{}, s.input())
	if e := best(res, "template.gone"); e.Node != "stock-1" || !strings.Contains(e.Name, "counted") {
		t.Errorf("gone: %+v", e)
	}
	if e := best(res, "template.burst"); e.Node != "db-1" || !strings.Contains(e.Name, "flushed") {
		t.Errorf("burst: %+v", e)
	}
	found := false
	for _, c := range res.Templates {
		found = found || c.Template == "flushed a table" && c.Window > 80 && c.Evidence != ""
	}
	if !found {
		t.Errorf("templates: %+v", res.Templates)
	}
}

// What comes in bursts all day is no news.
func TestLogHealthy(t *testing.T) {
	s := newScene(t)
	chatter(s, nil, func(node string, when float64) (string, string) {
		if node == "db-1" && int(when)/30%4 == 0 {
			return "WARN", "compaction is behind"
		}
		return "", ""
	})
	for _, e := range investigate(t, Log{}, s.input()).Evidence {
		if e.Score > healthyTop {
			t.Errorf("nothing is wrong, and yet %+v", e)
		}
	}
}

func TestPeerNames(t *testing.T) {
	top := incident.Topology{Nodes: []incident.Node{
		{ID: "datanode-1", Host: "10.77.0.1"},
		{ID: "datanode-2", Host: "10.77.0.13"},
		{ID: "a", Host: "shared"},
		{ID: "b", Host: "shared"},
	}}
	ids := newNames()
	p := newPeerNames(top, ids)
	for text, want := range map[string]string{
		"to TEndPoint(ip:10.77.0.13, port:10730)":     "datanode-2",
		"to 10.77.0.130 and 10.77.0.1":                "datanode-1",
		"lost datanode-2.":                            "datanode-2",
		"datanode-22 and xdatanode-2":                 "",
		"10.77.0.1 and datanode-1, then 10.77.0.13":   "datanode-1 datanode-2",
		"on host shared":                              "",
		strings.Repeat("x", 400) + " and datanode-1 ": "datanode-1",
	} {
		var got []string
		for _, n := range p.find([]byte(text), none) {
			got = append(got, ids.text[n])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
	if got := p.find([]byte("me, datanode-1"), ids.of("datanode-1")); len(got) != 0 {
		t.Errorf("a node that names itself: %v", got)
	}
}

func FuzzPeerNames(f *testing.F) {
	f.Add("to 10.77.0.13.. and n-1")
	p := newPeerNames(incident.Topology{Nodes: []incident.Node{{ID: "n-1", Host: "10.77.0.13"}}}, newNames())
	f.Fuzz(func(_ *testing.T, s string) { p.find([]byte(s), none) })
}

func TestFirstWords(t *testing.T) {
	for template, want := range map[string]string{
		"Query price [routeId and Train Type: [<*>:<*>]]":             "Query price routeId and Train Type",
		"Query price [routeId and Train Type: [<*>:<*>, <*>:ZhiDa]]":  "Query price routeId and Train Type",
		"one two one three four five six seven eight nine ten eleven": "one two three four five six seven eight",
		"<*> <*>": "",
	} {
		if got := firstWords(template, 8); got != want {
			t.Errorf("firstWords(%q) = %q, want %q", template, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	var c cell
	want := make([]int32, 9)
	for _, b := range []int{3, 3, 4, 1, 1, 4, 8, 0, 2, 3, 5, 6, 7, 1} {
		c.add(b, len(want))
		want[b]++
	}
	got := c.counts(make([]int32, len(want)))
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("counts %v, want %v", got, want)
		}
	}
	if n := c.sum(3, 5); n != 5 {
		t.Errorf("sum of bins 3 and 4 = %d, want 5", n)
	}
}

// datasets is the folder of the public data sets; tests that need it are
// skipped without it.
func datasets(tb testing.TB) string {
	dir := os.Getenv("TRIAGENT_DATASETS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	if _, err := os.Stat(filepath.Join(dir, "iotdb-lab")); err != nil {
		tb.Skip("no data sets: set TRIAGENT_DATASETS")
	}
	return dir
}

// BenchmarkLogLines measures what a record costs beyond its parsing.
func BenchmarkLogLines(b *testing.B) {
	lines := newLineTable(newGrid(frame(), at(700)), incident.Topology{Nodes: []incident.Node{{ID: "n-1", Host: "10.0.0.1"}}})
	bodies := [][]byte{
		[]byte("[Compaction] delete file: /opt/data/sequence/root.plant/3/2940/1795229523987-1-0-0.tsfile"),
		[]byte("Can not send Batch{startIndex=1} to peer Peer{endpoint=TEndPoint(ip:10.0.0.1, port:10760), nodeId=4} for 1 times"),
		[]byte("select avg(s3),max_value(s3) from root.plant.line2.d17 group by ([1780004997000,1780006797000),60s)"),
	}
	rec := telemetry.Record{Node: "n-2", File: "logs/n-2.log"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rec.Line, rec.Time, rec.Body = i, at(float64(i%780)).UnixNano(), bodies[i%len(bodies)]
		rec.Level = telemetry.Info + telemetry.Level(i%2)
		lines.add(&rec)
	}
}
