// Command biglog writes an incident bundle with one very long log, to measure
// that a diagnosis streams it in bounded memory.
//
//	biglog -gb 10 DIR
//
// The log has gb times 10^9 bytes of lines, uncompressed, and lies in the
// bundle with Zstandard. Lines are all different, of some hundred kinds, with a
// stack trace now and then; in the last fifth, which is the window, one kind
// bursts. Equal arguments give equal bundles.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

func main() {
	gb := flag.Float64("gb", 10, "length of the log in gigabytes, uncompressed")
	flag.Parse()
	if flag.NArg() != 1 || *gb <= 0 {
		fmt.Fprintln(os.Stderr, "biglog: want one folder and -gb over 0")
		os.Exit(2)
	}
	if err := write(flag.Arg(0), int64(*gb*1e9)); err != nil {
		fmt.Fprintln(os.Stderr, "biglog:", err)
		os.Exit(1)
	}
}

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

const (
	length = 50 * time.Minute
	window = 40 * time.Minute // from start, to the end
)

const incident = `{"version":1,"id":"big-log","title":"a long log","system":"iotdb",
"window":{"from":"2026-11-20T10:40:00Z","to":"2026-11-20T10:50:00Z"},
"baseline":{"from":"2026-11-20T10:00:00Z","to":"2026-11-20T10:40:00Z"},
"alert":{"name":"ErrorRate","node":"datanode-1","labels":{},"at":"2026-11-20T10:41:00Z"},"log_zone":"UTC"}
`

const topology = `{"nodes":[{"id":"datanode-1","host":"10.0.0.1","service":"datanode","labels":{}},
{"id":"datanode-2","host":"10.0.0.2","service":"datanode","labels":{}}],"roles":[],"groups":[],"calls":[]}
`

func write(dir string, size int64) error {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{"incident.json": incident, "topology.json": topology} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(dir, "logs", "datanode-1.log.zst"))
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	if err := lines(z, size); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

var (
	classes = []string{"o.a.i.d.s.StorageEngine", "o.a.i.c.IoTConsensus", "o.a.i.d.q.Coordinator", "o.a.i.d.s.d.c.CompactionTask", "o.a.r.s.RaftServer"}
	verbs   = []string{"flushed", "opened", "closed", "sent", "received", "applied", "scheduled", "merged", "rejected", "loaded"}
	things  = []string{"memtable", "region", "file", "batch", "snapshot", "query", "session", "segment", "index", "request"}
)

// lines writes log lines until they have size bytes.
func lines(w io.Writer, size int64) error {
	b := bufio.NewWriterSize(w, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	var line []byte
	for done := int64(0); done < size; {
		at := time.Duration(float64(length) * float64(done) / float64(size))
		line = one(line[:0], r, at)
		n, err := b.Write(line)
		if err != nil {
			return err
		}
		done += int64(n)
	}
	return b.Flush()
}

// one appends a record.
func one(b []byte, r *rand.Rand, at time.Duration) []byte {
	kind := r.IntN(len(classes) * len(verbs) * len(things))
	b = start.Add(at).AppendFormat(b, "2006-01-02 15:04:05,000")
	if at >= window && r.IntN(20) == 0 {
		return fmt.Appendf(b, " [pool-%d] ERROR o.a.i.d.s.StorageEngine:77 - write to region %d timed out after %d ms\n", r.IntN(8), r.IntN(64), r.IntN(9000))
	}
	c := classes[kind%len(classes)]
	b = fmt.Appendf(b, " [pool-%d-thread-%d] INFO  %s:%d - %s %s %d of root.sg%d.d%d in %d ms, %d bytes left\n",
		r.IntN(8), r.IntN(32), c, 100+kind%900, verbs[kind/5%len(verbs)], things[kind/50%len(things)],
		r.Int64N(1<<40), r.IntN(10), r.IntN(1000), r.IntN(500), r.Int64N(1<<32))
	if r.IntN(5000) == 0 {
		b = fmt.Appendf(b, "java.io.IOException: connection %x reset\n\tat org.example.A.read(A.java:%d)\n\tat org.example.B.run(B.java:%d)\n",
			r.Uint32(), r.IntN(400), r.IntN(400))
	}
	return b
}
