package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"triagent/incident"
)

// records collects records as "node:line level body".
func records(t *testing.T, b *Bundle, nodes []incident.NodeID) (list []string) {
	t.Helper()
	if err := b.Logs(t.Context(), nodes, func(r *Record) error {
		list = append(list, fmt.Sprintf("%s:%d %s %s", r.Node, r.Line, r.Level, r.Body))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRecords(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"logs/b.log": "starting up\nstill starting\n2026-11-20 10:00:00,123 [main] INFO  o.a.B:12 - hello\n\tat x.Y(Z.java:1)\nCaused by: 2026-11-20 10:00:00 e\n\n" +
			"2026-11-20 10:00:00,124 [main] WARN  o.a.B:13 - took 5 s\nplain line that quotes 2026-11-19 10:00:00,000 as a time\n",
		"logs/a.jsonl": `{"time": 1795229660000, "level": "error", "body": "x\ny", "trace_id": "t", "attributes": {"span_id": "s", "k": [1]}}` + "\n" +
			`{"time": 1795229660001, "body": "16:42:10.175 INFO  a.c.Ctl - created"}` + "\n" + `{"body": {"k": 1}}`,
		"logs/c.log": "",
	})
	b, err := Open(t.Context(), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a:1 ERROR x\ny", "a:2 INFO created", `a:3  {"k": 1}`,
		"b:1  starting up", "b:2  still starting",
		"b:3 INFO hello\n\tat x.Y(Z.java:1)\nCaused by: 2026-11-20 10:00:00 e\n", "b:7 WARN took 5 s\nplain line that quotes 2026-11-19 10:00:00,000 as a time",
	}
	if got := records(t, b, nil); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := records(t, b, []incident.NodeID{"c", "b", "nobody"}); !slices.Equal(got, want[3:]) {
		t.Errorf("got %q\nwant %q", got, want[3:])
	}
	if got := records(t, b, []incident.NodeID{}); got != nil {
		t.Errorf("of no nodes: %q", got)
	}
	if fmt.Sprint(b.LogNodes) != "[a b c]" {
		t.Errorf("log nodes %v", b.LogNodes)
	}
}

func TestLogZone(t *testing.T) {
	for zone, want := range map[string]string{
		`"Asia/Shanghai"`: "2026-11-20T02:00:00Z", `"+05:30"`: "2026-11-20T04:30:00Z", `"UTC"`: "2026-11-20T10:00:00Z", `null`: "2026-11-20T10:00:00Z", `""`: "2026-11-20T10:00:00Z",
	} {
		dir := folderOf(t, map[string]string{"incident.json": `{"log_zone": ` + zone + `}`, "logs/n.log": "2026-11-20 10:00:00 INFO x\n"})
		b, err := Open(t.Context(), dir, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Logs(t.Context(), nil, func(r *Record) error {
			if r.Time != utc(want).UnixNano() {
				t.Errorf("zone %s: %s, want %s", zone, stamp(r.Time), want)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestShuffledArchive reads an archive whose members are in no order and of
// which nothing is kept in memory, from several goroutines at once.
func TestShuffledArchive(t *testing.T) {
	defer goleak.VerifyNone(t)
	var entries []entry
	entries = append(entries, entry{name: "top/", kind: '5'}, entry{name: "./top/incident.json", text: goodIncident}, entry{name: "top/._x", text: "x"})
	var want []string
	for i := range 12 {
		node := fmt.Sprintf("n%02d", i)
		entries = append(entries, entry{name: "top/logs/" + node + ".log", text: strings.Repeat("2026-11-20 10:00:00 INFO  a.B: "+node+"\n", 50)},
			entry{name: "top/metrics/" + node + ".csv", text: "time,x\n1795229660,1\n"})
		for line := range 50 {
			want = append(want, fmt.Sprintf("%s:%d INFO %s", node, line+1, node))
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for name, data := range map[string]string{"b.tar": tarOf(t, entries...), "b.tar.gz": gz(t, tarOf(t, entries...)), "b.tar.zst": zst(t, tarOf(t, entries...)), "b.zip": zipOf(t, entries[:]...)} {
		t.Run(name, func(t *testing.T) {
			if name == "b.zip" {
				data = zipOf(t, slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.kind != 0 })...)
			}
			dir := t.TempDir()
			put(t, dir, name, data)
			b, err := Open(t.Context(), filepath.Join(dir, name), Limits{Spool: 1})
			if err != nil {
				t.Fatal(err)
			}
			if len(b.Tables) != 12 || b.Tables[3].Node != "n03" {
				t.Errorf("%d tables", len(b.Tables))
			}
			var g errgroup.Group
			for range 4 {
				g.Go(func() error {
					if got := records(t, b, nil); !slices.Equal(got, want) {
						return fmt.Errorf("%d records, want %d", len(got), len(want))
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStops(t *testing.T) {
	dir := folderOf(t, map[string]string{"logs/n.log": strings.Repeat("2026-11-20 10:00:00 INFO x\n", 1e5), "traces.jsonl": strings.Repeat(`{"start": 1795229660000}`+"\n", 1e5)})
	b, err := Open(t.Context(), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	if err := b.Logs(ctx, nil, func(*Record) error { n++; cancel(); return nil }); !errors.Is(err, context.Canceled) || n > 1e4 {
		t.Errorf("after %d records: %v, want it to be canceled", n, err)
	}
	if _, err := Open(ctx, dir, Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v, want it to be canceled", err)
	}
	own := errors.New("enough")
	n = 0
	if err := b.Spans(t.Context(), func(*Span) error { n++; return own }); err != own || n != 1 { //nolint:errorlint // as it is
		t.Errorf("after %d spans: %v, want the error of the callback itself", n, err)
	}
}

func TestMember(t *testing.T) {
	dir := folderOf(t, map[string]string{"logs/n.log.gz": gz(t, "a\nb\n"), "metrics/m.csv": "time\n", "truth.json": "{}", "README": "x", "traces.csv.zst": zst(t, "start\n")})
	b, err := Open(t.Context(), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"incident.json", "logs/n.log.gz", "metrics/m.csv", "traces.csv.zst"}
	if got := b.Members(); !slices.Equal(got, want) {
		t.Errorf("members %q, want %q", got, want)
	}
	if got := memberBytes(t, b, "logs/n.log.gz"); !bytes.Equal(got, []byte("a\nb\n")) {
		t.Errorf("log %q", got)
	}
	for _, name := range []string{"truth.json", "../x", "README", "logs", ""} {
		if _, err := b.Member(t.Context(), name); err == nil {
			t.Errorf("member %q was opened", name)
		}
	}
}
