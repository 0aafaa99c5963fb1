package compress

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"triagent/internal/errs"
)

const sampleLog = `2023-10-27 20:56:50,020 [main] INFO  a.b.C:105 - started node 5, "quick"
2023-10-27 20:56:51,020 [main] ERROR a.b.C:106 - failed 12 times
java.io.IOException: broken
	at a.b.C.d(C.java:5)
Caused by: java.lang.Error
2023-10-27 20:56:52,020 [main] INFO  a.b.C:105 - started node 7, "quick"`

func text(name, s string) Input {
	return Input{name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }}
}

func TestTemplates(t *testing.T) {
	for _, bound := range []int{0, 1} {
		var out bytes.Buffer
		st, err := Templates(t.Context(), []Input{text("a", sampleLog), text("b", "failed 3 times\r\n")}, &out,
			TemplateOptions{SpoolBytes: bound, TempDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		started, failed := `started node <*>, "quick"`, "failed <*> times"
		want := []string{"template", started, failed, failed, failed, failed, started, failed}
		if len(rows) != len(want) {
			t.Fatalf("%d rows, want %d: %q", len(rows), len(want), rows)
		}
		for i, r := range rows[1:] {
			if r[0] != fmt.Sprint(i+1) || r[1] != EventID(want[i+1]) || r[2] != want[i+1] {
				t.Errorf("row %d is %q, want template %q", i+1, r, want[i+1])
			}
		}
		if st.Lines != 7 || st.Records != 4 || st.Templates != 2 || st.Bytes != int64(len(sampleLog)+16) || st.PeakBytes <= 0 {
			t.Errorf("stats %+v", st)
		}
	}
}

func TestTemplatesCompressed(t *testing.T) {
	var gz, zst, want bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{g, z} {
		if _, err := io.WriteString(w, sampleLog); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Templates(t.Context(), []Input{text("x", sampleLog)}, &want, TemplateOptions{Format: "json"}); err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{gz.Bytes(), zst.Bytes()} {
		file := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := Templates(t.Context(), []Input{FileInput(file, nil)}, &out, TemplateOptions{Format: "json"}); err != nil {
			t.Fatal(err)
		}
		if out.String() != want.String() {
			t.Errorf("compressed gives\n%s\nplain gives\n%s", &out, &want)
		}
		_, err := Templates(t.Context(), []Input{text("cut", string(b[:len(b)-6]))}, io.Discard, TemplateOptions{})
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.File != "cut" {
			t.Errorf("a cut file gives %v, want an invalid one", err)
		}
	}
	var row struct {
		Line     int
		EventID  string `json:"event_id"`
		Template string
	}
	if err := json.NewDecoder(&want).Decode(&row); err != nil || row.Line != 1 || row.EventID != EventID(row.Template) {
		t.Errorf("first row %+v, %v", row, err)
	}
}

func TestTemplatesBounds(t *testing.T) {
	long := strings.Repeat("x", 3*readBuffer) + " tail\nshort 1\n"
	var out bytes.Buffer
	st, err := Templates(t.Context(), []Input{text("long", long)}, &out, TemplateOptions{Stats: true})
	if err != nil {
		t.Fatal(err)
	}
	if st.Lines != 2 || st.Bytes != int64(len(long)) || len(st.Reductions) != 1 || st.Reductions[0].In != 2 || st.Reductions[0].Out != 1 {
		t.Errorf("stats %+v", st)
	}
	if !strings.Contains(out.String(), "lines/s") || !strings.Contains(out.String(), "peak memory") {
		t.Errorf("printed %q", &out)
	}
	if _, err := Templates(t.Context(), []Input{FileInput(filepath.Join(t.TempDir(), "none"), nil)}, io.Discard, TemplateOptions{}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a missing file gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Templates(ctx, []Input{text("x", sampleLog)}, io.Discard, TemplateOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run gives %v", err)
	}
}
