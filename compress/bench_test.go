package compress

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"triagent/telemetry"
)

// rawLog writes raw IoTDB lines of the multilog sample to a temporary file and
// returns its path, or skips the benchmark without the data.
func rawLog(b *testing.B) string {
	b.Helper()
	files := dataset(b, "iotdb-multilog", "sample", "*", "label*.log.gz")
	out, err := os.Create(filepath.Join(b.TempDir(), "raw.log"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(out, 1<<20)
	for _, f := range files[:min(len(files), 48)] {
		in, err := os.Open(f)
		if err != nil {
			b.Fatal(err)
		}
		z, err := gzip.NewReader(in)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			b.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			if _, err := w.Write(bytes.TrimPrefix(line, []byte("- "))); err != nil { // "- " is the label
				b.Fatal(err)
			}
		}
		if err := in.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Name()
}

// BenchmarkMine reads raw lines from a file and mines them, header included.
func BenchmarkMine(b *testing.B) {
	path := rawLog(b)
	lines := 0
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		m := NewMiner(Config{})
		var s telemetry.Splitter
		r := bufio.NewReaderSize(f, 1<<20)
		for {
			line, err := r.ReadSlice('\n')
			if len(line) > 0 {
				lines++
				if h, starts := s.Next(line); starts {
					m.Add(line[h.BodyFrom:h.BodyTo])
				}
			}
			if err == io.EOF {
				break
			}
		}
		if len(m.Roots()) < 10 {
			b.Fatal("hardly a template")
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkAdd(b *testing.B) {
	line := []byte("[id: 0x8e069506, L:/172.20.0.10:43988 - R:172.20.0.11/172.20.0.11:10720] OUTBOUND DATA: streamId=3 padding=0 endStream=false length=149 bytes=00000000900a1e0a01301201311a120a1047474747474747")
	m := NewMiner(Config{})
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		m.Add(line)
	}
}

// BenchmarkTemplates is the whole of `triagent templates`, output included.
func BenchmarkTemplates(b *testing.B) {
	path := rawLog(b)
	var st TemplateStats
	lines := int64(0)
	for b.Loop() {
		var err error
		if st, err = Templates(b.Context(), []Input{FileInput(path, nil)}, io.Discard, TemplateOptions{}); err != nil {
			b.Fatal(err)
		}
		lines += st.Lines
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(st.Templates), "templates")
}
