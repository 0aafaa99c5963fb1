package telemetry

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// TestBigLog streams a log of 10 GB and checks that memory stays small. It runs
// with TRIAGENT_BIG=1 (10 GB) or another number of gigabytes; see make bench.
func TestBigLog(t *testing.T) {
	gigabytes := 0
	if _, err := fmt.Sscanf(os.Getenv("TRIAGENT_BIG"), "%d", &gigabytes); err != nil {
		t.Skip("set TRIAGENT_BIG=1 for a log of 10 GB, or to another number of gigabytes")
	}
	if gigabytes == 1 {
		gigabytes = 10
	}
	for _, kind := range []string{".log.gz", ".log.zst"} {
		t.Run(kind, func(t *testing.T) {
			dir := folderOf(t, nil)
			block := logBlock()
			blocks := gigabytes * 1e9 / len(block)
			writeBlocks(t, filepath.Join(dir, "logs", "n"+kind), block, blocks)
			b, err := Open(t.Context(), dir, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			records, from := 0, time.Now()
			if err := b.Logs(t.Context(), nil, func(*Record) error { records++; return nil }); err != nil {
				t.Fatal(err)
			}
			took := time.Since(from).Seconds()
			peak := peakBytes(t)
			size := float64(len(block)) * float64(blocks)
			t.Logf("%.1f GB, %d records in %.1f s: %.0f MB/s, %.2f M records/s, peak memory %d MB",
				size/1e9, records, took, size/1e6/took, float64(records)/1e6/took, peak>>20)
			if want := bytes.Count(block, []byte("\n")) * blocks; records != want {
				t.Errorf("%d records, want %d", records, want)
			}
			if peak > 600<<20 {
				t.Errorf("peak memory %d MB, want less than 600", peak>>20)
			}
		})
	}
}

// logBlock makes a megabyte of log lines within four minutes.
func logBlock() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 1<<20; i++ {
		at := utc("2026-11-20T10:00:00Z").Add(time.Duration(i) * 30 * time.Millisecond)
		fmt.Fprintf(&b, "%s [worker-%d] INFO  o.a.s.Engine:%d - request %08x of client 10.0.%d.%d took %d ms\n",
			strings.Replace(at.Format("2006-01-02 15:04:05.000"), ".", ",", 1), i%17, 100+i%7, i*2654435761, i%5, i%251, i*i%1999)
	}
	return b.Bytes()
}

// writeBlocks writes one block many times, compressed once: both formats may be
// put one behind the other.
func writeBlocks(t *testing.T, path string, block []byte, times int) {
	t.Helper()
	var packed bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&packed)
	if strings.HasSuffix(path, ".zst") {
		z, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(block); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Dir(path), filepath.Base(path), "")
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	for range times {
		if _, err := out.Write(packed.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// peakBytes returns the most memory that this process ever had resident.
func peakBytes(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	kb := 0
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	t.Skip("no VmHWM")
	return 0
}
