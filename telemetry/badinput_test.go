package telemetry

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"triagent/incident"
	"triagent/internal/errs"
)

const goodIncident = `{"version": 1, "id": "i", "window": {"from": "2026-11-20T10:00:00Z", "to": "2026-11-20T10:05:00Z"}}`

// folderOf writes files as a bundle folder; an incident.json is added.
func folderOf(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	if _, ok := files["incident.json"]; !ok {
		put(tb, dir, "incident.json", goodIncident)
	}
	for name, text := range files {
		put(tb, dir, name, text)
	}
	return dir
}

func put(tb testing.TB, dir, name, text string) {
	tb.Helper()
	full := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// readAllOf opens a bundle and streams all of it.
func readAllOf(ctx context.Context, path string, lim Limits) error {
	b, err := Open(ctx, path, lim)
	if err != nil {
		return err
	}
	if err := b.Logs(ctx, nil, func(*Record) error { return nil }); err != nil {
		return err
	}
	return b.Spans(ctx, func(*Span) error { return nil })
}

// wantError checks kind, place and text of an error. place is relative to the
// bundle.
func wantError(t *testing.T, err error, base, place, text string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want one with a place", err)
	}
	got := strings.TrimPrefix(strings.TrimPrefix(e.Place(), base), "/")
	if e.Kind != errs.Invalid || got != place || !strings.Contains(err.Error(), text) {
		t.Errorf("kind %s at %q: %v\nwant invalid at %q: ...%s...", e.Kind, got, err, place, text)
	}
}

func gz(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func zst(tb testing.TB, text string) string {
	tb.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		tb.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func TestBadInput(t *testing.T) {
	rows := "time,cpu\n" + strings.Repeat("1795229660000,1\n", 1000)
	lines := strings.Repeat("2026-11-20 10:00:00,000 INFO  a.B: hi\n", 3000)
	for _, tt := range []struct {
		name        string
		files       map[string]string
		place, text string
	}{
		{"truncated gzip of metrics", map[string]string{"metrics/n.csv.gz": gz(t, rows)[:60]}, "metrics/n.csv.gz:212", "truncated gzip"},
		{"truncated gzip of a log", map[string]string{"logs/n.log.gz": gz(t, lines)[:300]}, "logs/n.log.gz:2106", "truncated gzip"},
		{"gzip that ends before its checksum", map[string]string{"logs/n.log.gz": strings.TrimSuffix(gz(t, lines), gz(t, lines)[len(gz(t, lines))-8:])}, "logs/n.log.gz:3001", "truncated gzip"},
		{"empty gzip", map[string]string{"logs/n.log.gz": ""}, "logs/n.log.gz", "truncated gzip"},
		{"no gzip", map[string]string{"logs/n.log.gz": "plain text, which is long enough"}, "logs/n.log.gz", "broken gzip"},
		{"wrong gzip checksum", map[string]string{"traces.jsonl.gz": flip(gz(t, "\n\n\n"), -6)}, "traces.jsonl.gz:4", "broken gzip"},
		{"truncated zstd", map[string]string{"logs/n.log.zst": zst(t, lines)[:40]}, "logs/n.log.zst:1", "truncated zstd"},
		{"no zstd", map[string]string{"logs/n.log.zst": "plain text, which is long enough"}, "logs/n.log.zst:1", "broken zstd"},
		{"column that is no number", map[string]string{"metrics/n.csv": "time,a,b\n1795229660000,1,2\n1795229665000,1,2x\n"}, "metrics/n.csv:3:3", `"2x" in column b is no number`},
		{"hexadecimal number", map[string]string{"metrics/n.csv": "time,a\n1795229660000,0x10\n"}, "metrics/n.csv:2:2", "is no number"},
		{"number out of range", map[string]string{"metrics/n.csv": "time,a\n1795229660000,1e999\n"}, "metrics/n.csv:2:2", "is no number"},
		{"time of metrics backwards", map[string]string{"metrics/n.csv": "time,a\n1795229660000,1\n1795229359999,1\n"}, "metrics/n.csv:3:1", "goes back"},
		{"time of a log backwards", map[string]string{"logs/n.log": "2026-11-20 10:00:00 INFO a\n2026-11-20 09:54:59 INFO b\n"}, "logs/n.log:2:1", "goes back"},
		{"time of a jsonl log backwards", map[string]string{"logs/n.jsonl": `{"time": "2026-11-20T10:00:00Z", "body": "x"}` + "\n" + `{"body": "x", "time": "2026-11-20T09:00:00Z"}`}, "logs/n.jsonl:2:23", "goes back"},
		{"time without a zone", map[string]string{"metrics/n.csv": "time,a\n2026-11-20T10:00:00,1\n"}, "metrics/n.csv:2:1", "has no zone"},
		{"no time", map[string]string{"metrics/n.csv": "time,a\nyesterday,1\n"}, "metrics/n.csv:2:1", "is no time"},
		{"day that is none", map[string]string{"metrics/n.csv": "time,a\n2026-02-30T10:00:00Z,1\n"}, "metrics/n.csv:2:1", "is no time"},
		{"semicolons", map[string]string{"metrics/n.csv": "time;a;b\n2026-11-20T10:00:00Z;1,5;2\n"}, "metrics/n.csv:1:1", "separated by a semicolon, where a comma"},
		{"semicolons and commas", map[string]string{"metrics/n.csv": "time;a,b;c\n"}, "metrics/n.csv:1:1", "separated by a semicolon, where a comma"},
		{"tabs", map[string]string{"metrics/n.csv": "Time\ta\n"}, "metrics/n.csv:1:1", "separated by a tab, where a comma"},
		{"a tab in a name", map[string]string{"metrics/n.csv": "a\tb,c\n"}, "metrics/n.csv:1:1", "no column named time"},
		{"no time column", map[string]string{"metrics/n.csv": "ts,a\n1795229660000,1\n"}, "metrics/n.csv:1:1", "no column named time"},
		{"two columns of one name", map[string]string{"metrics/n.csv": "time,a,b,a\n"}, "metrics/n.csv:1:4", "two columns"},
		{"column without a name", map[string]string{"metrics/n.csv": "time,,b\n"}, "metrics/n.csv:1:2", "without a name"},
		{"short row", map[string]string{"metrics/n.csv": "time,a,b\n1795229660000,1\n"}, "metrics/n.csv:2:2", "2 fields where the header has 3"},
		{"open quote", map[string]string{"metrics/n.csv": "time,\"a\n"}, "metrics/n.csv:1:2", "does not end"},
		{"UTF-16", map[string]string{"metrics/n.csv": "\xff\xfet\x00"}, "metrics/n.csv:1:1", "UTF-16"},
		{"two metric files for a node", map[string]string{"metrics/n.csv": "time\n", "metrics/n.csv.gz": gz(t, "")}, "metrics/n.csv.gz", "two metric files for node n"},
		{"two log files for a node", map[string]string{"logs/n.log": "", "logs/n.jsonl": ""}, "logs/n.log", "two log files for node n"},
		{"two files for a part", map[string]string{"traces.csv": "start\n", "traces.jsonl": ""}, "traces.jsonl", "two files for one part"},
		{"version to come", map[string]string{"incident.json": "{\n \"version\": 2, \"id\": 5}"}, "incident.json:2:13", "bundle of version 2"},
		{"id of a wrong type", map[string]string{"incident.json": "{\"version\": 1,\n \"id\": 5}"}, "incident.json:2:8", "id must be a string, not a number"},
		{"window without an end", map[string]string{"incident.json": `{"window": {"from": "2026-11-20T10:00:00Z"}}`}, "incident.json:1:12", "both from and to"},
		{"window that is inside out", map[string]string{"incident.json": `{"window": {"to": "2026-11-20T10:00:00Z", "from": "2026-11-20T10:00:00Z"}}`}, "incident.json:1:12", "ends before"},
		{"time that is an array", map[string]string{"incident.json": `{"window": {"from": []}}`}, "incident.json:1:21", "window.from must be a number, not an array"},
		{"unknown zone", map[string]string{"incident.json": `{"log_zone": "Mars/Base"}`}, "incident.json:1:14", "is no time zone"},
		{"zone of the machine", map[string]string{"incident.json": `{"log_zone": "Local"}`}, "incident.json:1:14", "is no time zone"},
		{"text behind the end", map[string]string{"incident.json": "{}\n{}"}, "incident.json:2:1", "after the end"},
		{"cut off incident", map[string]string{"incident.json": `{"id": "x`}, "incident.json:1:10", "does not end"},
		{"empty incident", map[string]string{"incident.json": ""}, "incident.json:1:1", "must be an object, not the end"},
		{"unknown role", map[string]string{"topology.json": `{"roles": [{"node": "n", "role": "king"}]}`}, "topology.json:1:34", `role "king" is none of leader`},
		{"role of nobody", map[string]string{"topology.json": `{"roles": [{"role": "leader"}]}`}, "topology.json:1:12", "needs a node"},
		{"node twice", map[string]string{"topology.json": `{"nodes": [{"id": "a"}, {"id": "a"}]}`}, "topology.json:1:25", "twice"},
		{"nodes that are no list", map[string]string{"topology.json": `{"nodes": {"id": "a"}}`}, "topology.json:1:11", "nodes must be an array, not an object"},
		{"event without a time", map[string]string{"events.jsonl": "\n{\"kind\": \"x\"}"}, "events.jsonl:2:1", "needs a time"},
		{"alert with an odd direction", map[string]string{"alerts.jsonl": `{"name": "a", "direction": "sideways"}`}, "alerts.jsonl:1:28", "none of up, down"},
		{"alert with a wrong type", map[string]string{"alerts.jsonl": "{\"name\": \"a\"}\n{\"name\": true}"}, "alerts.jsonl:2:10", "name must be a string"},
		{"span without a start", map[string]string{"traces.jsonl": `{"trace_id": "a"}`}, "traces.jsonl:1:1", "needs a start"},
		{"span of negative length", map[string]string{"traces.jsonl": `{"start": 1795229660000, "duration": -5}`}, "traces.jsonl:1:38", "negative"},
		{"span that is cut off", map[string]string{"traces.jsonl": "{\"start\": 1795229660000}\n{\"start\": 17952"}, "traces.jsonl:2:16", "expected ',' or '}'"},
		{"csv span with a bad duration", map[string]string{"traces.csv": "start,duration\n1795229660000,1.5\n"}, "traces.csv:2:2", "no whole number"},
		{"csv spans without a start", map[string]string{"traces.csv": "node,duration\n"}, "traces.csv:1:1", "no column named start"},
		{"log record that is no object", map[string]string{"logs/n.jsonl": "[]"}, "logs/n.jsonl:1:1", "log record must be an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folderOf(t, tt.files)
			wantError(t, readAllOf(t.Context(), dir, Limits{}), dir, tt.place, tt.text)
		})
	}
}

// flip changes one byte, counted from the end.
func flip(s string, at int) string {
	b := []byte(s)
	b[len(b)+at] ^= 0x55
	return string(b)
}

func TestNoIncident(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "metrics/n.csv", "time,a\n")
	_, err := Open(t.Context(), dir, Limits{})
	wantError(t, err, dir, "", "no incident.json")
	if !strings.Contains(err.Error(), "add an incident.json") {
		t.Errorf("%v names no remedy", err)
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "nothing"), Limits{}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a path that is not there: %v, want kind not_found", err)
	}
	if _, err := ReadTruth(t.Context(), folderOf(t, nil)); errs.KindOf(err) != errs.NotFound {
		t.Errorf("no truth: %v, want kind not_found", err)
	}
}

func TestUnknownNode(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"topology.json": `{"nodes": [{"id": "a"}], "roles": [{"node": "r", "role": "leader"}]}`,
		"metrics/b.csv": "time,x\n1795229660000,1\n", "logs/c.log": "", "events.jsonl": `{"time": 1795229660, "node": "d"}`,
	})
	b, err := Open(t.Context(), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var unknown []string
	for _, n := range b.Topology.Nodes {
		if !n.Known {
			unknown = append(unknown, string(n.ID))
		}
	}
	if got := strings.Join(unknown, " "); got != "b c d r" {
		t.Errorf("unknown nodes %q, want b c d r", got)
	}
	if want := (incident.Missing{What: "topology", Why: "it does not name b, c, d, r: role unknown"}); !hasMissing(b, want) {
		t.Errorf("missing %v lacks %v", b.Missing, want)
	}
}

func hasMissing(b *Bundle, want incident.Missing) bool {
	for _, m := range b.Missing {
		if m == want {
			return true
		}
	}
	return false
}

func TestLinksStayInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	put(t, filepath.Dir(outside), "secret", "time,a\n1795229660000,1\n")
	for _, tt := range []struct{ name, target, place string }{
		{"metrics/n.csv", outside, "metrics/n.csv"},
		{"metrics/n.csv", "../../" + filepath.Base(filepath.Dir(outside)) + "/secret", "metrics/n.csv"},
		{"logs/n.log", "/etc/passwd", "logs/n.log"},
		{"logs/n.log", "n.log", "logs/n.log"},
		{"incident.json", "nowhere", "incident.json"},
	} {
		dir := folderOf(t, nil)
		full := filepath.Join(dir, tt.name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(full)
		if err := os.Symlink(tt.target, full); err != nil {
			t.Fatal(err)
		}
		wantError(t, readAllOf(t.Context(), dir, Limits{}), dir, tt.place, "this link leads nowhere or out of the bundle")
	}
	dir := folderOf(t, map[string]string{"real/x.csv": "time,a\n1795229660000,1\n", "metrics/m.csv": ""})
	if err := os.Symlink("../real/x.csv", filepath.Join(dir, "metrics", "n.csv")); err != nil {
		t.Fatal(err)
	}
	if err := readAllOf(t.Context(), dir, Limits{}); err != nil {
		t.Errorf("a link that stays inside: %v", err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "logs")); err != nil {
		t.Fatal(err)
	}
	wantError(t, readAllOf(t.Context(), dir, Limits{}), dir, "logs", "this link leads nowhere or out of the bundle")
}

func TestFileInPlaceOfFolder(t *testing.T) {
	for _, name := range []string{"metrics", "logs"} {
		dir := folderOf(t, map[string]string{name: "no folder"})
		wantError(t, readAllOf(t.Context(), dir, Limits{}), dir, name, "not a folder")
	}
}

func TestPipesAreNotRead(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	dir := folderOf(t, map[string]string{"metrics/m.csv": ""})
	// A truth.json that blocks whoever opens it: Open must not.
	if err := syscall.Mkfifo(filepath.Join(dir, "truth.json"), 0o644); err != nil {
		t.Skip(err)
	}
	if err := readAllOf(ctx, dir, Limits{}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "metrics", "n.csv"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, readAllOf(ctx, dir, Limits{}), dir, "metrics/n.csv", "not a regular file")
}

// member of an archive that a test builds.
type entry struct {
	name, text string
	kind       byte // of tar; 0: a regular file
}

func tarOf(tb testing.TB, entries ...entry) string {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.text))}
		if e.kind != 0 {
			h.Typeflag, h.Size, h.Linkname = e.kind, 0, e.text
			e.text = ""
		}
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func zipOf(tb testing.TB, entries ...entry) string {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.kind == tar.TypeSymlink {
			h.SetMode(os.ModeSymlink | 0o777)
		}
		m, err := w.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(m, e.text); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestBadArchives(t *testing.T) {
	inc := entry{name: "incident.json", text: goodIncident}
	for _, tt := range []struct {
		name        string
		entries     []entry
		place, text string
	}{
		{"leaves the folder", []entry{inc, {name: "metrics/../../x.csv"}}, "", "leaves the bundle"},
		{"absolute", []entry{inc, {name: "/etc/passwd"}}, "", "leaves the bundle"},
		{"drive", []entry{inc, {name: `C:\x`}}, "", "leaves the bundle"},
		{"member twice", []entry{inc, {name: "logs/n.log"}, {name: "./logs/n.log"}}, "logs/n.log", "twice"},
		{"link", []entry{inc, {name: "logs/n.log", text: "/etc/passwd", kind: tar.TypeSymlink}}, "logs/n.log", "link or a device"},
		{"two bundles", []entry{{name: "a/incident.json", text: goodIncident}, {name: "b/incident.json", text: goodIncident}}, "", "several bundles"},
		{"no incident", []entry{{name: "a/b/incident.json", text: goodIncident}}, "", "no incident.json"},
		{"too many members", []entry{inc, {name: "1"}, {name: "2"}, {name: "3"}, {name: "4"}}, "", "more than 4 files"},
	} {
		for kind, data := range map[string]string{
			"tar": tarOf(t, tt.entries...), "tar.gz": gz(t, tarOf(t, tt.entries...)),
			"tar.zst": zst(t, tarOf(t, tt.entries...)), "zip": zipOf(t, tt.entries...),
		} {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				dir := t.TempDir()
				put(t, dir, "b."+kind, data)
				path := filepath.Join(dir, "b."+kind)
				wantError(t, readAllOf(t.Context(), path, Limits{Members: 4}), path, tt.place, tt.text)
			})
		}
	}
}

func TestTruncatedArchives(t *testing.T) {
	dir := folderOf(t, map[string]string{"logs/n.log": strings.Repeat("2026-11-20 10:00:00 INFO a.B: x\n", 5000), "traces.jsonl": "\n"})
	for _, name := range containers[1:] {
		t.Run(name, func(t *testing.T) {
			whole := copyWithoutTruth(t, dir, filepath.Join(t.TempDir(), name))
			if err := readAllOf(t.Context(), whole, Limits{Spool: 1}); err != nil {
				t.Fatal(err)
			}
			data := mustRead(t, whole)
			if strings.HasSuffix(name, ".tar") {
				data = data[:len(data)-1024] // the end mark says nothing
			}
			for _, n := range []int{1, len(data) / 4, len(data) / 2, len(data) - 1} {
				path := filepath.Join(t.TempDir(), name)
				put(t, filepath.Dir(path), name, string(data[:n]))
				if err := readAllOf(t.Context(), path, Limits{}); errs.KindOf(err) != errs.Invalid {
					t.Errorf("%d of %d bytes: %v, want an error of kind invalid", n, len(data), err)
				}
			}
		})
	}
}

func copyWithoutTruth(t *testing.T, from, to string) string {
	t.Helper()
	b, err := Open(t.Context(), from, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), to, b, nil); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 1<<20)
	lim := Limits{RatioFrom: 1 << 17}
	for name, files := range map[string]map[string]string{
		"metrics": {"metrics/n.csv.gz": gz(t, zeros)},
		"log":     {"logs/n.log.gz": gz(t, zeros)},
		"zstd":    {"logs/n.log.zst": zstdBomb(128)},
		"events":  {"events.jsonl.gz": gz(t, zeros)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folderOf(t, files)
			err := readAllOf(t.Context(), dir, lim)
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "zip bomb") {
				t.Errorf("%v, want a zip bomb", err)
			}
		})
	}
	entries := []entry{{name: "incident.json", text: goodIncident}, {name: "logs/n.log", text: zeros}}
	for name, data := range map[string]string{"b.zip": zipOf(t, entries...), "b.tar.gz": gz(t, tarOf(t, entries...)), "b.tar.zst": zst(t, tarOf(t, entries...))} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, name, data)
			lim := lim
			if name == "b.tar.zst" {
				lim.Ratio = 100 // the encoder at hand makes no better bomb
			}
			if err := readAllOf(t.Context(), filepath.Join(dir, name), lim); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "zip bomb") {
				t.Errorf("%v, want a zip bomb", err)
			}
		})
	}
	text := strings.Repeat("2026-11-20 10:00:00,000 INFO  a.B: the same line again and again\n", 1<<14)
	if err := readAllOf(t.Context(), folderOf(t, map[string]string{"logs/n.log.gz": gz(t, text), "logs/m.log.zst": zst(t, text)}), lim); err != nil {
		t.Errorf("one line repeated is no bomb: %v", err)
	}
}

// zstdBomb is a frame of n blocks of 128 KiB zeros in four bytes each (RFC 8878).
func zstdBomb(n int) string {
	b := []byte("\x28\xb5\x2f\xfd\x00\x38")
	for i := range n {
		h := 1<<1 | 128<<10<<3
		if i == n-1 {
			h |= 1
		}
		b = append(b, byte(h), byte(h>>8), byte(h>>16), 0)
	}
	return string(b)
}

func TestSizeLimits(t *testing.T) {
	long := strings.Repeat("2026-11-20 10:00:00 INFO x\n", 1000)
	for _, tt := range []struct {
		name        string
		lim         Limits
		files       map[string]string
		place, text string
	}{
		{"total", Limits{Total: 5000}, map[string]string{"logs/n.log": long}, "logs/n.log:1001", "more than 5000 bytes"},
		{"small part", Limits{Small: 200}, map[string]string{"events.jsonl": strings.Repeat("\n", 300)}, "events.jsonl:301", "larger than 200 bytes"},
		{"cells", Limits{Cells: 4}, map[string]string{"metrics/n.csv": "time,a\n1795229660,1\n1795229661,1\n1795229662,1\n"}, "metrics/n.csv:4", "more metric samples"},
		{"row", Limits{Row: 20}, map[string]string{"events.jsonl": "\n" + strings.Repeat(" ", 30)}, "events.jsonl:2:20", "longer than 20 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folderOf(t, tt.files)
			wantError(t, readAllOf(t.Context(), dir, tt.lim), dir, tt.place, tt.text)
		})
	}
}

func TestLongLines(t *testing.T) {
	dir := folderOf(t, map[string]string{"logs/n.log": "2026-11-20 10:00:00 INFO " + strings.Repeat("x", 1000) + "\r\n" +
		"2026-11-20 10:00:01 INFO y\n" + strings.Repeat(" at z\n", 100)})
	b, err := Open(t.Context(), dir, Limits{Line: 100})
	if err != nil {
		t.Fatal(err)
	}
	var got []Record
	if err := b.Logs(t.Context(), nil, func(r *Record) error {
		got = append(got, *r)
		got[len(got)-1].Body = bytes.Clone(r.Body)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Cut != 926 || len(got[0].Body) != 75 || got[1].Line != 2 || len(got[1].Body) > 100 || got[1].Cut+len(got[1].Body) < 501 {
		t.Errorf("%d records: %+v", len(got), got)
	}
}

func TestTextIsForgiven(t *testing.T) {
	bom := "\xef\xbb\xbf"
	dir := folderOf(t, map[string]string{
		"incident.json": bom + strings.ReplaceAll(goodIncident, ", ", ",\r\n"),
		"topology.json": bom + `{"nodes": [{"id": "n", "future": [1, {"a": null}]}], "more": {}}`,
		"metrics/n.csv": bom + "time,\"a,b\",c\r\n1795229660000, 1.5 ,NaN\r\n\r\n1795229665000,,-Inf\r\n1795229664000,\"2\",3",
		"logs/n.log":    bom + "2026-11-20 10:00:00 INFO a\r\n  more\r\n2026-11-20 10:00:01 WARN b \xff c",
		"events.jsonl":  bom + "\r\n" + `{"time": 1795229660, "node": "n", "kind": "restart", "new": true}` + "\r\n",
		"alerts.jsonl":  `{"time": null, "node": "n", "name": "a", "labels": {"n": 5, "x": null, "b": true}}`,
		"traces.csv":    bom + "trace_id,start,duration,status,kind,attributes,extra\r\nt,2026-11-20T10:00:00+08:00,5e3,ERROR,SPAN_KIND_CLIENT,\"{\"\"a\"\": 1}\",x\r\n",
		"metrics/x.txt": "", "README.md": "hello",
	})
	b, err := Open(t.Context(), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tab := b.Tables[0]
	if len(tab.Times) != 3 || tab.Times[1] != 1795229664000e6 || tab.Lines[1] != 5 || tab.Column("a,b").Values[0] != 1.5 || tab.Column("c").Values[1] != 3 {
		t.Errorf("table %+v", tab)
	}
	for _, want := range []incident.Missing{
		{What: "metrics/n.csv", Why: "infinite values read as gaps: 1"},
		{What: "traces", Why: "not in the bundle"},
		{What: "metrics/x.txt", Why: "neither metrics/<node>.csv nor logs/<node>.log or .jsonl: not read"},
	} {
		if hasMissing(b, want) == (want.What == "traces") {
			t.Errorf("missing %v: %v", b.Missing, want)
		}
	}
	if a := b.Alerts[0]; !a.Time.IsZero() || a.Labels["n"] != "5" || a.Labels["b"] != "true" || len(a.Labels) != 2 {
		t.Errorf("alert %+v", a)
	}
	if c := b.Changes[0]; !c.Time.Equal(utc("2026-11-21T02:54:20Z")) || c.Line != 2 {
		t.Errorf("change %+v", c)
	}
	if err := b.Spans(t.Context(), func(s *Span) error {
		if s.Start != utc("2026-11-20T02:00:00Z").UnixNano() || s.Duration != 5000 || !s.Failed || s.Kind != ClientSpan || s.Attributes["a"] != "1" {
			t.Errorf("span %+v", s)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	var bodies []string
	if err := b.Logs(t.Context(), nil, func(r *Record) error { bodies = append(bodies, string(r.Body)); return nil }); err != nil {
		t.Error(err)
	}
	if got := strings.Join(bodies, "|"); got != "a\n  more|b \ufffd c" {
		t.Errorf("bodies %q", got)
	}
}
