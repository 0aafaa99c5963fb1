package telemetry

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triagent/incident"
)

// contents is all that a bundle says, in a form that can be compared.
type contents struct {
	Incident incident.Incident
	Zone     string
	Topology incident.Topology
	Tables   []Table
	Changes  []incident.Change
	Alerts   []incident.Alert
	Missing  []incident.Missing
	Logs     map[string]string // raw
	Records  []Record
	Spans    []Span
	Truth    *Truth
}

// plainName takes the compression off a member's name.
func plainName(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

func read(t *testing.T, path string) contents {
	t.Helper()
	b, err := Open(t.Context(), path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c := contents{
		Incident: b.Incident, Zone: b.LogZone.String(), Topology: b.Topology, Tables: b.Tables,
		Changes: b.Changes, Alerts: b.Alerts, Missing: b.Missing, Logs: make(map[string]string),
	}
	c.Incident.Alert.File = plainName(c.Incident.Alert.File)
	for i := range c.Tables {
		c.Tables[i].File = plainName(c.Tables[i].File)
	}
	for i := range c.Changes {
		c.Changes[i].File = plainName(c.Changes[i].File)
	}
	for i := range c.Alerts {
		c.Alerts[i].File = plainName(c.Alerts[i].File)
	}
	for _, name := range b.Members() {
		if strings.HasPrefix(name, "logs/") {
			c.Logs[plainName(name)] = string(memberBytes(t, b, name))
		}
	}
	err = b.Logs(t.Context(), nil, func(r *Record) error {
		k := *r
		k.File, k.Body = plainName(k.File), bytes.Clone(k.Body)
		c.Records = append(c.Records, k)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = b.Spans(t.Context(), func(s *Span) error {
		k := *s
		k.File = plainName(k.File)
		c.Spans = append(c.Spans, k)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Truth, err = ReadTruth(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return c
}

func sameContents(t *testing.T, want, got contents) {
	t.Helper()
	if reflect.DeepEqual(want.Spans, got.Spans) && reflect.DeepEqual(want.Records, got.Records) { // cmp is slow on many
		want.Spans, got.Spans, want.Records, got.Records = nil, nil, nil, nil
	}
	if slices.EqualFunc(want.Tables, got.Tables, sameTable) {
		want.Tables, got.Tables = nil, nil
	}
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("contents differ (-want +got):\n%s", d)
	}
}

// sameTable compares tables as they are written: gaps are equal.
func sameTable(a, b Table) bool {
	return a.Node == b.Node && a.File == b.File && slices.Equal(a.Times, b.Times) && slices.Equal(a.Lines, b.Lines) &&
		slices.EqualFunc(a.Columns, b.Columns, func(x, y Column) bool {
			return x.Name == y.Name && slices.EqualFunc(x.Values, y.Values, func(v, w float64) bool { return v == w || v != v && w != w })
		})
}

// copyOf writes the bundle at from to a new place.
func copyOf(t *testing.T, ctx context.Context, from, to string) string { //nolint:revive // t first, as everywhere in tests
	t.Helper()
	b, err := Open(ctx, from, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	truth, err := ReadTruth(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	if err := Copy(ctx, to, b, truth); err != nil {
		t.Fatal(err)
	}
	return to
}

var containers = []string{"b", "b.tar", "b.tar.gz", "b.tgz", "b.tar.zst", "b.zip"}

func TestCopyRecorded(t *testing.T) {
	dirs := labBundles(t)
	for i, name := range containers {
		t.Run(name, func(t *testing.T) {
			from := dirs[i*7]
			want := read(t, from)
			to := copyOf(t, t.Context(), from, filepath.Join(t.TempDir(), name))
			sameContents(t, want, read(t, to))
		})
	}
}

// every writes a bundle that holds one of everything, awkward values included.
func every(t *testing.T, to string) string {
	t.Helper()
	err := Write(t.Context(), to, func(w *Writer) error { return fillEvery(t, w) })
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestCopyIsByteIdentical(t *testing.T) {
	dir := t.TempDir()
	first := every(t, filepath.Join(dir, "first"))
	want := read(t, first)
	if len(want.Records) != 7 || len(want.Spans) != 3 || len(want.Tables) != 5 {
		t.Fatalf("%d records, %d spans, %d tables", len(want.Records), len(want.Spans), len(want.Tables))
	}
	for _, name := range containers {
		t.Run(name, func(t *testing.T) {
			packed := copyOf(t, t.Context(), first, filepath.Join(dir, name))
			sameContents(t, want, read(t, packed))
			again := copyOf(t, t.Context(), packed, filepath.Join(dir, "again-"+name))
			if info, _ := os.Stat(packed); !info.IsDir() {
				if !bytes.Equal(mustRead(t, packed), mustRead(t, again)) {
					t.Errorf("%s differs from its copy", name)
				}
			}
			back := copyOf(t, t.Context(), packed, filepath.Join(dir, "back-"+name))
			if name == "b" {
				if d := cmp.Diff(tree(t, first), tree(t, back)); d != "" {
					t.Errorf("files differ: %s", d)
				}
			}
		})
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tree reads all files below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := eachFile(dir, func(name string, _ int64, r io.Reader) error {
		data, err := io.ReadAll(r)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func fillEvery(t *testing.T, w *Writer) error {
	t.Helper()
	inc := incident.Incident{
		ID: "all-1", Title: "alles über \"<Zitate>\" & \u2028", System: "x",
		Window: incident.Window{From: utc("2026-11-20T10:00:00Z"), To: utc("2026-11-20T10:05:00.123456789Z")},
		Alert:  incident.Alert{Name: "A", Node: "n/1", Labels: map[string]string{"b": "2", "a": "1"}, Time: utc("2026-11-20T10:01:00Z")},
	}
	zone, err := parseZone("Asia/Shanghai")
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return w.Incident(inc, zone) },
		func() error {
			return w.Topology(incident.Topology{
				Nodes:  []incident.Node{{ID: "n/1", Host: "h", Service: "s", Labels: map[string]string{"k": "v"}}, {ID: "..", Service: "dots"}},
				Roles:  []incident.RoleSpan{{Node: "n/1", Role: incident.Leader, Group: "g", From: utc("2026-11-20T09:00:00Z")}, {Node: "..", Role: incident.Gateway}},
				Groups: []incident.Group{{ID: "g", Members: []incident.NodeID{"n/1", ".."}, Consensus: "raft"}},
				Calls:  []incident.Call{{From: "..", To: "n/1"}},
			})
		},
		func() error {
			return w.Changes([]incident.Change{{Time: utc("2026-11-20T10:00:01Z"), Node: "n/1", Kind: "config", Text: "a\nb\x01\\"}})
		},
		func() error {
			return w.Alerts([]incident.Alert{{Node: "n/1", Peer: "..", Name: "p99", Source: incident.Metric, Direction: incident.Up, Labels: map[string]string{"x": "y"}}})
		},
		func() error {
			return w.Truth(&Truth{Causes: []TrueCause{{Node: "n/1", Service: "s", Fault: "disk_full", Accept: []string{"io_saturation"}, Label: "disk", Window: inc.Window}}, Split: "s/1"})
		},
		func() error { return fillTables(w) },
		func() error { return fillLogs(w) },
		func() error { return fillSpans(w) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func fillTables(w *Writer) error {
	nan := math.NaN()
	for _, t := range []Table{
		{Node: "n/1", Times: []int64{1795229660000e6, 1795229665000e6}, Columns: []Column{
			{Name: `a "quoted", one`, Values: []float64{1.5, nan}},
			{Name: "b", Values: []float64{-1e300, 5e-324}},
			{Name: "c", Values: []float64{math.MaxFloat64, 0.1}},
		}},
		{Node: "ns", Times: []int64{1795229660000000001}, Columns: []Column{{Name: "v", Values: []float64{nan}}}},
		{Node: "1970", Times: []int64{0, 1e9}, Columns: []Column{{Name: "v", Values: []float64{1, 2}}}},
		{Node: "silent"},
		{Node: "only-times", Times: []int64{1795229660000e6}},
	} {
		if err := w.Table(&t); err != nil {
			return err
		}
	}
	return nil
}

func fillLogs(w *Writer) error {
	a, err := w.Log("n/1")
	if err != nil {
		return err
	}
	b, err := w.Log("..")
	if err != nil {
		return err
	}
	c, err := w.LogRecords("json")
	if err != nil {
		return err
	}
	for _, s := range []struct {
		to   io.Writer
		text string
	}{
		{a, "\xef\xbb\xbf2026-11-20 18:00:00,123 INFO  [main] o.a.Foo: hi\r\n\tat x\r\n"},
		{b, "no time\n\n"},
		{a, "2026-11-20 18:00:01,123 WARN  [main] o.a.Foo: \xff\xfe bytes\n"},
		{b, "2026-11-20T10:00:00Z level=error msg=\"x y\"\nlast line without an end"},
		{a, "2026-11-20 18:00:02,123 ERROR [main] o.a.Foo: bad\nCaused by: x\n"},
	} {
		if _, err := io.WriteString(s.to, s.text); err != nil {
			return err
		}
	}
	for _, r := range []Record{{Time: 1795229660000e6, Level: Warn, Body: []byte("a\nb \xff"), TraceID: "t", SpanID: "s"}, {Body: []byte("no time")}} {
		if err := c.Write(&r, map[string]string{"z": "1", "a": "2"}); err != nil {
			return err
		}
	}
	d, err := w.Log("silent")
	if err != nil {
		return err
	}
	for _, m := range []io.Closer{c, a, d, b} {
		if err := m.Close(); err != nil {
			return err
		}
	}
	return nil
}

func fillSpans(w *Writer) error {
	s, err := w.Spans()
	if err != nil {
		return err
	}
	for _, sp := range []Span{
		{TraceID: "t", SpanID: "s", ParentID: "p", Node: "n/1", Service: "x", Name: "GET \"/é\"\x00", Kind: ServerSpan, Start: 1795229660000000001, Duration: 5, Failed: true, Attributes: map[string]string{"k": "v", "a": ""}},
		{Start: 1, Kind: ConsumerSpan},
		{TraceID: "only", Start: 1795229660000000001, Kind: InternalSpan},
	} {
		if err := s.Write(&sp); err != nil {
			return err
		}
	}
	return s.Close()
}
