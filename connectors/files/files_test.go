package files_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"triagent/connectors"
	"triagent/connectors/files"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// span is so many minutes after begin.
func span(from, to int) incident.Window {
	return incident.Window{From: begin.Add(time.Duration(from) * time.Minute), To: begin.Add(time.Duration(to) * time.Minute)}
}

// kept is a sink that keeps lines.
type kept struct {
	lines   []connectors.Line
	missing []incident.Missing
	reduced []incident.Reduction
	full    int // lines after which it wants no more; 0: never
}

var errFull = errors.New("full")

func (k *kept) Line(l connectors.Line) error {
	if k.full > 0 && len(k.lines) == k.full {
		return errFull
	}
	l.Body = bytes.Clone(l.Body)
	k.lines = append(k.lines, l)
	return nil
}
func (k *kept) Missing(m incident.Missing) error   { k.missing = append(k.missing, m); return nil }
func (k *kept) Reduced(r incident.Reduction) error { k.reduced = append(k.reduced, r); return nil }
func (k *kept) Series(connectors.Series) error     { return nil }
func (k *kept) Span(*telemetry.Span, string) error { return nil }
func (k *kept) Change(connectors.Change) error     { return nil }
func (k *kept) Alert(connectors.Alert) error       { return nil }
func (k *kept) Found(connectors.Found) error       { return nil }
func (k *kept) Clock(connectors.Clock) error       { return nil }

// text is the bodies, a line each.
func (k *kept) text() string {
	var b strings.Builder
	for _, l := range k.lines {
		fmt.Fprintf(&b, "%s %s\n", l.Node, l.Body)
	}
	return b.String()
}

func collect(t *testing.T, c files.Config, w incident.Window, limit int64) *kept {
	t.Helper()
	k := &kept{}
	if err := open(t, c).Collect(t.Context(), connectors.Ask{Span: w, Limit: connectors.Limit{Lines: limit}}, k); err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t *testing.T, c files.Config) *files.Source {
	t.Helper()
	s, err := files.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write writes a file that was written last at a minute after begin.
func write(t *testing.T, path string, minute int, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	b := []byte(content)
	var packed bytes.Buffer
	switch filepath.Ext(path) {
	case ".gz":
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(b)
		_ = w.Close()
		b = packed.Bytes()
	case ".zst":
		w, _ := zstd.NewWriter(&packed)
		_, _ = w.Write(b)
		_ = w.Close()
		b = packed.Bytes()
	}
	at := begin.Add(time.Duration(minute) * time.Minute)
	if err := errors.Join(os.WriteFile(path, b, 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

// at is a line of a log at a minute after begin.
func at(minute int, text string) string {
	return begin.Add(time.Duration(minute)*time.Minute).Format("2006-01-02 15:04:05,000") + " [main] WARN  a.b.C:12 - " + text + "\n"
}

// TestRotated takes the span out of a log that was rotated and packed, of names
// that do not sort by time, with lines that belong to the one above.
func TestRotated(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "db-7", "logs")
	write(t, filepath.Join(logs, "all.log"), 60, at(40, "five")+"java.lang.Error: no\n\tat a.b(C.java:1)\nCaused by: x\n"+at(50, "six")+at(60, "seven"))
	write(t, filepath.Join(logs, "all.log.2.gz"), 20, at(10, "two")+at(20, "three"))
	write(t, filepath.Join(logs, "all.log.9.zst"), 35, "  of a line before\n"+at(30, "four")+"more of four\n"+at(31, "a"))
	write(t, filepath.Join(logs, "all.log.1.gz"), 5, at(1, "one")+at(5, "one and a half"))
	write(t, filepath.Join(logs, "all.log.3"), 36, at(32, "b"))
	write(t, filepath.Join(logs, "all.log.3.gz"), 36, at(32, "b")) // being packed
	write(t, filepath.Join(logs, "empty.log"), 36, "")
	k := collect(t, files.Config{Paths: []string{filepath.Join(dir, "*", "logs", "*.log*")}}, span(15, 55), 0)
	want := []string{"three", "four", "more of four", "a", "b", "five", "java.lang.Error: no", "\tat a.b(C.java:1)", "Caused by: x", "six"}
	if len(k.lines) != len(want) || len(k.missing) > 0 {
		t.Fatalf("%v\n%s", k.missing, k.text())
	}
	for i, l := range k.lines {
		head := strings.HasPrefix(string(l.Body), "2026")
		switch {
		case !strings.HasSuffix(string(l.Body), want[i]), l.Node != "db-7", !l.Raw, l.Query == "":
			t.Errorf("line %d: %+v, want %q", i, l, want[i])
		case head != (l.Time != 0), head && l.Level != telemetry.Warn:
			t.Errorf("line %d has time %d and level %v: %s", i, l.Time, l.Level, l.Body)
		}
	}
}

// TestNodes finds out whose a file is.
func TestNodes(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"a/logs/x.log", "b/log/x.log", "c/x.log"} {
		write(t, filepath.Join(dir, f), 10, at(5, f))
	}
	self, _ := os.Hostname()
	paths := []string{dir + "/*/logs/*", dir + "/*/log/*", dir + "/*/*.log"}
	for _, tt := range []struct{ node, want string }{
		{"", "a b " + self},
		{filepath.Base(dir) + "/([^/]+)/", "a b c"},
		{"db-1", "db-1 db-1 db-1"},
		{"/([^/]+)/logs/", "a " + self + " " + self},
	} {
		k := collect(t, files.Config{Paths: paths, Node: tt.node}, span(0, 10), 0)
		got := make(map[string]string)
		for _, l := range k.lines {
			got[string(l.Body[len(l.Body)-len("a/logs/x.log"):])] = l.Node
		}
		var all []string
		for _, l := range k.lines {
			all = append(all, l.Node)
		}
		for _, want := range strings.Fields(tt.want) {
			if strings.Count(strings.Join(all, " "), want) != strings.Count(tt.want, want) {
				t.Errorf("node %q: %v, want %s", tt.node, all, tt.want)
			}
		}
	}
	f, err := open(t, files.Config{Paths: paths}).Discover(t.Context(), span(0, 10))
	if err != nil || len(f.Nodes) != 3 || len(f.Holds) != 3 || len(f.Lacks) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestLinks follows links within the folders that are named, and no others.
func TestLinks(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	write(t, dir+"/a/x.log", 10, at(5, "inside"))
	write(t, other+"/secret.log", 10, at(5, "outside"))
	for link, target := range map[string]string{dir + "/a/y.log": dir + "/a/x.log", dir + "/a/z.log": other + "/secret.log", dir + "/b": other} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(dir+"/a/pipe.log", 0o600); err != nil {
		t.Fatal(err)
	}
	k := collect(t, files.Config{Paths: []string{dir + "/*/*.log"}}, span(0, 10), 0)
	if len(k.lines) != 1 || !strings.Contains(k.text(), "inside") {
		t.Errorf("taken:\n%s", k.text())
	}
	said := fmt.Sprint(k.missing)
	for _, want := range []string{"/a/z.log it is a link that leads out", "/b/secret.log it is a link that leads out", "/a/pipe.log it is no regular file"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	k = collect(t, files.Config{Paths: []string{dir + "/*/*.log", dir + "/a/z.log"}}, span(0, 10), 0)
	if len(k.lines) != 2 {
		t.Errorf("a link that is named:\n%s%v", k.text(), k.missing)
	}
}

// TestNot has files of which nothing can be taken.
func TestNot(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/good.log", 10, at(5, "good"))
	write(t, dir+"/wide.log", 10, "\xff\xfe2\x000\x00")
	write(t, dir+"/timeless.log", 10, "no time\nneither here\n")
	write(t, dir+"/torn.gz", 10, strings.Repeat(at(5, "packed"), 40_000))
	b, err := os.ReadFile(dir + "/torn.gz")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/torn.gz", b[:len(b)*3/4], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir+"/good.log", 0); err != nil {
		t.Fatal(err)
	}
	k := collect(t, files.Config{Paths: []string{dir + "/*", dir + "/none-*"}, Node: "n"}, span(0, 10), 0)
	want := []string{"/wide.log it is UTF-16", "/timeless.log no line at its beginning has a time", "the rest of log " + dir + "/torn.gz unexpected EOF", "/none-* no file matches"}
	if os.Getuid() != 0 { // root may read all
		want = append(want, "/good.log permission denied (let this user read it")
	}
	for _, w := range want {
		if !strings.Contains(fmt.Sprint(k.missing), w) {
			t.Errorf("%q is not in %v", w, k.missing)
		}
	}
	if len(k.lines) < 1000 {
		t.Errorf("%d lines: what can be read of a torn file counts", len(k.lines))
	}
	if _, err := open(t, files.Config{Paths: []string{dir + "/none"}}).Discover(t.Context(), span(0, 10)); errs.KindOf(err) != errs.NotFound {
		t.Errorf("no file at all: %v", err)
	}
}

// TestLimit keeps the newest lines of each node, and says so.
func TestLimit(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a", "b"} {
		var all strings.Builder
		for i := range 600 {
			all.WriteString(at(i, "x") + "\tmore\n")
		}
		write(t, dir+"/"+n+"/logs/x.log", 600, all.String())
	}
	k := collect(t, files.Config{Paths: []string{dir + "/*/logs/*"}}, span(0, 600), 101)
	if n := len(k.lines); n < 99 || n > 101 || len(k.reduced) != 2 {
		t.Errorf("%d lines, %+v", n, k.reduced)
	}
	if l := k.lines[0]; l.Time == 0 || l.Node != "a" || l.Time < begin.Add(570*time.Minute).UnixNano() {
		t.Errorf("begins with %+v", l)
	}
	if r := k.reduced[0]; r.In != 1200 || r.Out < 49 || r.Out > 51 {
		t.Errorf("reduced %+v", r)
	}
}

// TestSteady hands times over that do not go back by little, and goes on after a
// line that is out of turn.
func TestSteady(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/x.log", 10, at(4, "before")+at(6, "one")+strings.Replace(at(6, "two"), "10:06:00", "10:05:58", 1)+at(9, "late")+at(7, "three")+at(4, "early")+at(7, "four"))
	k := collect(t, files.Config{Paths: []string{dir + "/x.log"}}, span(5, 8), 0)
	if len(k.lines) != 4 { // one that is late among them, and not one before the span
		t.Errorf("%s", k.text())
	}
	for i := range k.lines[1:] {
		if k.lines[i+1].Time < k.lines[i].Time {
			t.Errorf("time goes back:\n%s", k.text())
		}
	}
}

// TestZone reads times without a zone in the one that is set, and times without a
// year near the time of writing.
func TestZone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/x.log", 10, "2026-11-21 18:05:00,000 WARN five past ten in UTC\n")
	write(t, dir+"/sys.log", 10, "Nov 21 18:06:00 host app[1]: six past\n")
	k := collect(t, files.Config{Paths: []string{dir + "/*.log"}, Zone: "Asia/Shanghai"}, span(5, 8), 0)
	if len(k.lines) != 2 || k.lines[0].Time != begin.Add(5*time.Minute).UnixNano() || k.lines[1].Time != begin.Add(6*time.Minute).UnixNano() {
		t.Errorf("%+v", k.lines)
	}
}

// TestJournal reads both exports of the systemd journal.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	var export, lines strings.Builder
	for i := range 60 {
		us := begin.Add(time.Duration(i) * time.Minute).UnixMicro()
		fmt.Fprintf(&export, "__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=%d\n_HOSTNAME=db-3\nPRIORITY=4\n_SYSTEMD_UNIT=iotdb.service\n", i, us)
		if i == 30 {
			body := "two\nlines"
			export.WriteString("MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(body)))) + body + "\n\n")
		} else {
			fmt.Fprintf(&export, "MESSAGE=entry %d\n\n", i)
		}
		fmt.Fprintf(&lines, `{"__CURSOR":"s","__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"db-4","PRIORITY":"3","SYSLOG_IDENTIFIER":"x","MESSAGE":"entry %d"}`+"\n", us, i)
		if i == 31 {
			fmt.Fprintf(&lines, `{"__REALTIME_TIMESTAMP":"%d","_HOSTNAME":"db-4","MESSAGE":[104,105,255]}`+"\n", us)
		}
	}
	write(t, dir+"/j.export", 60, export.String())
	write(t, dir+"/j.json.gz", 60, lines.String())
	k := collect(t, files.Config{Paths: []string{dir + "/j.*"}}, span(29, 31), 0)
	if len(k.lines) != 7 {
		t.Fatalf("%s%v", k.text(), k.missing)
	}
	if l := k.lines[1]; l.Node != "db-3" || string(l.Body) != "two\nlines" || l.Level != telemetry.Warn || l.Attributes["unit"] != "iotdb.service" || l.Raw {
		t.Errorf("%+v", l)
	}
	if l := k.lines[3]; l.Node != "db-4" || l.Level != telemetry.Error || l.Attributes["identifier"] != "x" {
		t.Errorf("%+v", l)
	}
	if got := string(k.lines[6].Body); got != "hi\xff" {
		t.Errorf("a message that is no text: %q", got)
	}
	write(t, dir+"/j.torn", 60, export.String()[:3000])
	k = collect(t, files.Config{Paths: []string{dir + "/j.torn"}}, span(0, 60), 0)
	if len(k.lines) < 15 {
		t.Errorf("%d entries of a torn export", len(k.lines))
	}
}

// TestStops ends with the error of the sink, and with the cause of the context.
func TestStops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/x.log", 100, strings.Repeat(at(5, "x"), 100_000))
	s := open(t, files.Config{Paths: []string{dir + "/*"}})
	if err := s.Collect(t.Context(), connectors.Ask{Span: span(0, 10)}, &kept{full: 3}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errFull)
	if err := s.Collect(ctx, connectors.Ask{Span: span(0, 10)}, &kept{}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

// TestConfig refuses what cannot be meant.
func TestConfig(t *testing.T) {
	for want, c := range map[string]files.Config{
		"at least one":      {},
		"is not absolute":   {Paths: []string{"logs/*"}},
		"a [ without its ]": {Paths: []string{"/x/[a"}},
		"has 2 captures":    {Paths: []string{"/x"}, Node: "(a)(b)"},
		"node: \"/a/[^/]+/logs/\" has no capture": {Paths: []string{"/x"}, Node: "/a/[^/]+/logs/"},
		"is not known: use a name":                {Paths: []string{"/x"}, Zone: "Nowhere/Land"},
		"is none of auto, raw, journa":            {Paths: []string{"/x"}, Format: "xml"},
	} {
		if _, err := files.New(c); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}
