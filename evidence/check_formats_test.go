package evidence

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// TestCheckFormats checks the same diagnosis in a bundle whose log is JSON
// lines and whose traces are a table, and that is an archive.
func TestCheckFormats(t *testing.T) {
	b := madeBundle(t)
	rewriteLog(t, b.Path)
	rewriteTraces(t, b.Path)
	for _, path := range []string{b.Path, archived(t, b.Path)} {
		b, err := telemetry.Open(t.Context(), path, telemetry.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		m := newMaker(t, b)
		m.metrics(9, madeMeaning)
		m.logs(9)
		m.spans(9)
		m.others()
		r := mustCheck(t, b, &m.d)
		for _, p := range r.Problems {
			t.Errorf("%s: %s", filepath.Base(path), p)
		}
		if r.Numbers < 20 || r.NumbersHeld != r.Numbers {
			t.Errorf("%s: %+v", filepath.Base(path), r)
		}
		if filepath.Ext(path) == "" {
			mutate(t, b, &m.d)
		}
	}
}

func rewriteLog(t *testing.T, dir string) {
	t.Helper()
	old := filepath.Join(dir, "logs", "db-1.log")
	raw, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		h := telemetry.ParseHead([]byte(line))
		if !h.HasTime() {
			continue
		}
		body, err := json.Marshal(line[h.BodyFrom:h.BodyTo])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, `{"time":%q,"level":%q,"body":%s}`+"\n", time.Unix(0, h.Stamp.UnixNano(time.UTC)).UTC().Format(time.RFC3339Nano), strings.ToLower(h.Level.String()), body)
	}
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "logs", "db-1.jsonl"), []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rewriteTraces(t *testing.T, dir string) {
	t.Helper()
	old := filepath.Join(dir, "traces.jsonl")
	raw, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("trace_id,span_id,node,service,name,kind,start,duration,status,attributes\n")
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		var s map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, k := range []string{"trace_id", "span_id", "node", "service", "name", "kind", "start", "duration", "status"} {
			cells = append(cells, strings.Trim(string(s[k]), `"`))
		}
		cells = append(cells, `"`+strings.ReplaceAll(string(s["attributes"]), `"`, `""`)+`"`)
		out.WriteString(strings.Join(cells, ",") + "\n")
	}
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "traces.csv"), []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// archived packs a folder as a tar file.
func archived(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: filepath.ToSlash(rel), Mode: 0o600, Size: int64(len(data))}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	for _, e := range []error{err, w.Close(), f.Close()} {
		if e != nil {
			t.Fatal(e)
		}
	}
	return path
}

// TestCheckText checks what may and may not stand in the text of evidence.
func TestCheckText(t *testing.T) {
	e := incident.Evidence{
		ID: "E1", Node: "db-1", Name: "p95_ms", Unit: "ms", Score: 7.5,
		Window: incident.Window{From: at(5, 24), To: at(5, 46)}, Onset: incident.Window{From: at(5, 27), To: at(5, 28)},
		Numbers: []incident.Number{{Name: "before", Value: 5.25, Stat: Median}, {Name: "after", Value: 40.1, Stat: Median}},
	}
	for text, want := range map[string]string{
		"p95_ms of db-1 went from 5.25 ms to 40.1 ms at 03:02:20": "",
		"went from 5.25 ms to 40.1 ms, db-2 did not":              "",
		"went from 5.25 ms to 40.1 ms since 03:02:15 for 1m":      "1m",
		"went to 40.1 ms (score 7.5) by 03:03:50":                 "",
		"went to 40.12 ms":                   "40.12",
		"went to 140.1 ms":                   "140.1",
		"went to -40.1 ms":                   "-40.1",
		"went to 40.1 s":                     "40.1",
		"at 03:02:21":                        "03:02:21",
		"config: threshold was set to 3000.": "",
		"config: threshold was set to 3001.": "3001.",
		"config: threshold was set to 30000": "30000",
		"set to 3000":                        "3000",
		"p95_ms2 is another name":            "",
		"after 5 s: 110 s":                   "",
	} {
		if got := oddToken(text, knownWords(&e), printedForms(&e), `{"text":"threshold was set to 3000 by admin","n":5}`); got != want {
			t.Errorf("%q: odd %q, want %q", text, got, want)
		}
	}
}

// TestCheckErrors: a bundle that cannot be read is an error, a cancelled check
// too.
func TestCheckErrors(t *testing.T) {
	b, d := madeDiagnosis(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Check(ctx, b, d); err == nil {
		t.Error("a cancelled check succeeds")
	}
	if err := os.Truncate(filepath.Join(b.Path, "metrics", "db-1.csv.gz"), 200); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), b, d); err == nil {
		t.Error("a cut file is no error")
	} else {
		t.Logf("%s: %v", errs.KindOf(err), err)
	}
	r := mustCheck(t, b, &incident.Diagnosis{})
	if !r.Held() || r.Claims != 0 {
		t.Errorf("nothing claimed: %+v", r)
	}
}

func FuzzOddToken(f *testing.F) {
	f.Add("went to 40.1 ms at 03:02:20 on db-1")
	e := incident.Evidence{Node: "db-1", Numbers: []incident.Number{{Name: "a", Value: 40.1, Stat: SpanQ}}}
	known, forms := knownWords(&e), printedForms(&e)
	f.Fuzz(func(t *testing.T, text string) {
		if odd := oddToken(text, known, forms, ""); odd != "" && !strings.Contains(text, odd) {
			t.Errorf("%q is not in %q", odd, text)
		}
	})
}
