package telemetry

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"triagent/incident"
	"triagent/internal/errs"
)

// tight are limits that a fuzzer reaches.
var tight = Limits{Total: 1 << 22, Ratio: 100, RatioFrom: 1 << 16, Small: 1 << 20, Cells: 1 << 16, Line: 256, Row: 1 << 12, Members: 50, Spool: 1 << 16}.withDefaults()

// FuzzJSON compares the cursor with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"a": [1, -2.5e+3, true, null, "x\u00e9\ud83d\ude00\n"]}`, `[]`, `{}`, `"\ud800"`, `01`, `-`, `1.`, `{"a":}`, `[1,]`, `{,}`, "\"\xff\"", `nul`, ` 1 `, "\x00",
		strings.Repeat("[", 300),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c cursor
		c.reset(data, "f", 1)
		c.skip()
		err := c.end()
		deep := err != nil && strings.Contains(err.Error(), "nested deeper")
		if valid := json.Valid(data); valid != (err == nil) && !deep {
			t.Fatalf("valid %v, cursor says %v: %q", valid, err, data)
		}
		var want string
		if json.Unmarshal(data, &want) == nil && err == nil && bytes.TrimSpace(data)[0] == '"' {
			c.reset(data, "f", 1)
			if got := string(c.str("s")); got != want && utf8.Valid(data) {
				t.Fatalf("string %q, want %q of %q", got, want, data)
			}
			if again := appendString(nil, want); utf8.Valid(data) {
				var back string
				if err := json.Unmarshal(again, &back); err != nil || back != want {
					t.Fatalf("%q is written as %s", want, again)
				}
			}
		}
	})
}

// FuzzFloat compares parseFloat with strconv.
func FuzzFloat(f *testing.F) {
	for _, s := range []string{"1", "-0", "+1.5e-7", "1e23", "9007199254740993", "123456789012345678901234567890", ".5", "5.", "1e", "1e+", "0x1", "1_0", "inf", "1e-400", "1e400", "4.9e-324"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parseFloat(b)
		s := string(b)
		want, err := strconv.ParseFloat(s, 64)
		if strings.ContainsAny(s, "xXpP_iInN") {
			return
		}
		if ok != (err == nil) || (ok && math.Float64bits(got) != math.Float64bits(want)) {
			t.Fatalf("%q: %v %v, want %v %v", s, got, ok, want, err)
		}
	})
}

// FuzzRow compares the splitter with encoding/csv on single lines.
func FuzzRow(f *testing.F) {
	for _, s := range []string{"a,b", `"a,""b""",c`, `"`, `"a"b`, ",", `a"b`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\r\n") || len(line) == 0 {
			return
		}
		var r row
		err := r.split(line, "f", 1)
		c := csv.NewReader(bytes.NewReader(line))
		c.LazyQuotes = false
		want, werr := c.Read()
		if werr != nil {
			return // a bare quote inside a field is taken as it is
		}
		if err != nil || len(r.fields) != len(want) {
			t.Fatalf("%q: %q %v, want %q", line, r.fields, err, want)
		}
		for i := range want {
			if string(r.fields[i]) != want[i] {
				t.Fatalf("%q: %q, want %q", line, r.fields, want)
			}
		}
	})
}

// FuzzMetrics checks that a table holds together and survives a round trip.
func FuzzMetrics(f *testing.F) {
	for _, s := range []string{"time,a,b\n1795229660000,1,\n1795229665000,NaN,-Inf\n", "a,time\n1,2026-11-20T10:00:00Z\n1,5\n", "time\n", "", "\xef\xbb\xbftime,\"x,\"\r\n1,2\r\n", "time,a\n1,1\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var cells atomic.Int64
		cells.Store(tight.Cells)
		tab, _, err := readTable(bytes.NewReader(data), "f", tight, time.Hour, &cells)
		if err != nil {
			return
		}
		tab.Node = "n"
		if len(tab.Lines) != len(tab.Times) || checkTable(&tab) != nil {
			t.Fatalf("bad table %+v: %v", tab, checkTable(&tab))
		}
		for i := 1; i < len(tab.Times); i++ {
			if tab.Times[i] < tab.Times[i-1] {
				t.Fatalf("times not sorted: %v", tab.Times)
			}
		}
		again := rewriteTable(t, &tab)
		if len(again.Columns) != len(tab.Columns) || !reflect.DeepEqual(again.Times, tab.Times) && len(tab.Times) > 0 {
			t.Fatalf("%+v is written as %+v", tab, again)
		}
		for i, c := range tab.Columns {
			for r, v := range c.Values {
				if w := again.Columns[i].Values[r]; v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
					t.Fatalf("%v is written as %v", v, w)
				}
			}
		}
	})
}

func rewriteTable(t *testing.T, tab *Table) Table {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "b.zip")
	if err := Write(t.Context(), dst, func(w *Writer) error {
		if err := w.Incident(incident.Incident{ID: "i"}, nil); err != nil {
			return err
		}
		return w.Table(tab)
	}); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), dst, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b.Tables[0]
}

// FuzzSpans reads spans and checks that a span survives being written.
func FuzzSpans(f *testing.F) {
	f.Add([]byte(`{"trace_id": "t", "start": 1795229660000, "attributes": {"a": 1, "b": "x"}}`+"\n"+`{"trace_id": "t", "start": "2026-11-20T10:00:00Z", "kind": "SERVER", "status": 2}`), false)
	f.Add([]byte("start,duration,attributes\n1795229660000,5,\"{\"\"a\"\":1}\"\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, asCSV bool) {
		read := func(data []byte, asCSV bool) (list []Span, err error) {
			s := spanReader{file: "f", names: make(interner)}
			fn := func(sp *Span) error { list = append(list, *sp); return nil }
			if asCSV {
				return list, s.csv(bytes.NewReader(data), tight, fn)
			}
			err = s.jsonl(bytes.NewReader(data), tight, fn)
			return list, err
		}
		list, err := read(data, asCSV)
		if err != nil || len(list) > 20 || !utf8.Valid(data) {
			return
		}
		if len(list) == 0 {
			return
		}
		dst := filepath.Join(t.TempDir(), "b.tar")
		err = Write(t.Context(), dst, func(w *Writer) error {
			if err := w.Incident(incident.Incident{ID: "i"}, nil); err != nil {
				return err
			}
			s, err := w.Spans()
			if err != nil {
				return err
			}
			for i := range list {
				if err := s.Write(&list[i]); err != nil {
					return err
				}
			}
			return s.Close()
		})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(t.Context(), dst, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		if err := b.Spans(t.Context(), func(got *Span) error {
			want := list[i]
			want.File, want.Line = got.File, got.Line
			if !reflect.DeepEqual(want, *got) {
				t.Errorf("%+v is written as %+v", want, *got)
			}
			i++
			return nil
		}); err != nil || i != len(list) {
			t.Fatalf("%d of %d spans: %v", i, len(list), err)
		}
	})
}

// FuzzSmallParts reads one text as every small part.
func FuzzSmallParts(f *testing.F) {
	f.Add([]byte(goodIncident))
	f.Add([]byte(`{"nodes": [{"id": "a", "labels": {"x": 1}}], "roles": [{"node": "a", "role": "leader", "from": 1}], "groups": [{"id": "g", "members": ["a"]}], "calls": [{"from": "a", "to": "b"}]}`))
	f.Add([]byte(`{"healthy": false, "causes": [{"node": "a", "fault": "f", "accept": ["x"], "from": 1, "to": "2026-11-20T10:00:00Z"}]}`))
	f.Add([]byte(`{"time": 1, "node": "a", "name": "b", "kind": "c", "source": "log", "direction": "up", "labels": {}}`))
	f.Add([]byte(`{"log_zone": "+08:00", "alert": {"name": "x", "at": null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Bundle
		if decodeIncident(&b, data, "f") == nil && utf8.Valid(data) {
			out, err := encodeIncident(b.Incident, b.LogZone)
			if err != nil {
				t.Fatal(err)
			}
			var again Bundle
			if err := decodeIncident(&again, out, "f"); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			again.Incident.Alert.File, b.Incident.Alert.File = "", ""
			if !reflect.DeepEqual(b.Incident, again.Incident) {
				t.Fatalf("%+v is written as %+v", b.Incident, again.Incident)
			}
		}
		if top, err := decodeTopology(data, "f"); err == nil {
			if out, err := encodeTopology(top); err != nil {
				t.Fatal(err)
			} else if _, err := decodeTopology(out, "f"); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
		}
		if tr, err := decodeTruth(data, "f"); err == nil {
			if out, err := encodeTruth(tr); err != nil {
				t.Fatal(err)
			} else if _, err := decodeTruth(out, "f"); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
		}
	})
}

// FuzzLines reads one text as every kind of JSONL.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"time": null, "node": "a", "name": "b"}` + "\n\n" + `{"time": 1, "kind": "x"}`))
	f.Add([]byte(`{"time": "2026-11-20 10:00:00", "level": "WARN", "body": "x", "trace_id": "t"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if list, err := decodeAlerts(bytes.NewReader(data), "f", "f", tight); err == nil {
			if out, err := encodeAlerts(list); err != nil {
				t.Fatal(err)
			} else if again, err := decodeAlerts(bytes.NewReader(out), "f", "f", tight); (err != nil || len(again) != len(list)) && len(out) < tight.Row {
				t.Fatalf("%s: %v", out, err)
			}
		}
		if list, err := decodeChanges(bytes.NewReader(data), "f", "f", tight); err == nil {
			if out, err := encodeChanges(list); err != nil {
				t.Fatal(err)
			} else if again, err := decodeChanges(bytes.NewReader(out), "f", "f", tight); (err != nil || len(again) != len(list)) && len(out) < tight.Row {
				t.Fatalf("%s: %v", out, err)
			}
		}
	})
}

// FuzzLogs reads text as a log, raw and JSONL.
func FuzzLogs(f *testing.F) {
	f.Add([]byte("2026-11-20 10:00:00,123 INFO  [main] a.B: x\n  more\n\xff\r\n2026-11-20 10:00:01 y"), false)
	f.Add([]byte("10:00:00.123 x\nJun 14 15:16:01 host app[1]: y\n1795229660 z\n"), false)
	f.Add([]byte(`{"time": 1795229660, "body": {"a": 1}}`), true)
	f.Add([]byte(strings.Repeat("x", 700)+"\n"), false)
	f.Fuzz(func(t *testing.T, data []byte, asJSON bool) {
		b := Bundle{LogZone: time.UTC, Incident: incident.Incident{Window: incident.Window{From: time.Unix(0, 0), To: time.Unix(1e9, 0)}}}
		lines := bytes.Count(data, []byte{'\n'}) + 1
		last := 0
		g := newLogReader(&b, part{"n", "f"}, "f", func(r *Record) error {
			if r.Line <= last || r.Line > lines || !utf8.Valid(r.Body) || len(r.Body) > 3*tight.Line {
				t.Fatalf("after line %d of %d: %+v", last, lines, r)
			}
			last = r.Line
			return nil
		})
		read := g.text
		if asJSON {
			read = g.jsonl
		}
		_ = read(bytes.NewReader(data), tight)
	})
}

// FuzzArchive reads bytes as a bundle in any archive.
func FuzzArchive(f *testing.F) {
	entries := []entry{{name: "a/incident.json", text: "{}"}, {name: "a/metrics/n.csv", text: "time,a\n1,2\n"}, {name: "a/logs/n.log", text: "x\n"}, {name: "a/traces.jsonl", text: ""}}
	f.Add([]byte(tarOf(f, entries...)))
	f.Add([]byte(gz(f, tarOf(f, entries...))))
	f.Add([]byte(zst(f, tarOf(f, entries...))))
	f.Add([]byte(zipOf(f, entries...)))
	path := filepath.Join(f.TempDir(), "b.tar")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = readAllOf(t.Context(), path, tight)
	})
}

// FuzzMember reads bytes as a compressed member and checks that no limit is
// passed.
func FuzzMember(f *testing.F) {
	text := strings.Repeat("2026-11-20 10:00:00 x\n", 10)
	f.Add([]byte(gz(f, text)))
	f.Add([]byte(gz(f, text) + gz(f, "")))
	f.Add([]byte(zst(f, text)))
	f.Add([]byte(zstdBomb(40)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"n.gz", "n.zst", "n"} {
			p := newPass(t.Context(), tight)
			g, err := p.decompress(bytes.NewReader(data), name)
			if err != nil {
				continue
			}
			n, err := io.Copy(io.Discard, g)
			if n > tight.Total || (err != nil && errs.KindOf(err) != errs.Invalid) {
				t.Fatalf("%s: %d bytes, %v", name, n, err)
			}
			shut(g)
		}
	})
}

// FuzzSplit compares lines with bytes.Split, for any size of reads.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\r\n\nb"), 3, 10)
	f.Add([]byte(strings.Repeat("abc\n", 50)), 1, 2)
	f.Fuzz(func(t *testing.T, data []byte, step, limit int) {
		if step < 1 || limit < 1 || limit > 1<<12 {
			return
		}
		l := newLines(&slow{bytes.NewReader(data), min(step, 1<<12)}, limit)
		want := bytes.Split(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), []byte("\n"))
		if n := len(want); len(want[n-1]) == 0 {
			want = want[:n-1]
		}
		if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
			return // a mark counts as part of a line that is cut
		}
		for i, w := range want {
			line, ok := l.next()
			if !ok {
				t.Fatalf("line %d of %d is lost", i+1, len(want))
			}
			if l.cut == 0 {
				w = bytes.TrimSuffix(w, []byte("\r"))
			}
			if len(line)+l.cut != len(w) || !bytes.HasPrefix(w, line) || (l.cut > 0 && len(line) != limit) {
				t.Fatalf("line %d: %q and %d cut, want %q", i+1, line, l.cut, w)
			}
		}
		if line, ok := l.next(); ok || l.err != nil {
			t.Fatalf("more lines: %q %v", line, l.err)
		}
	})
}

// slow gives at most n bytes a read.
type slow struct {
	r io.Reader
	n int
}

func (s *slow) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }
