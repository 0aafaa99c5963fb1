package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// culprit is the node that fails, by its place.
const culprit = 5

var start = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// known are names that the knowledge knows; the others mean nothing to it.
var known = []string{
	"cpu_usage_percent", "memory_rss_bytes", "disk_write_bytes_total", "disk_io_util", "net_in_bytes", "net_out_bytes",
	"request_rate", "request_latency_ms", "jvm_threads", "gc_time_ms", "heap_used_bytes", "open_connections",
}

func nodeID(i int) string { return fmt.Sprintf("node-%05d", i) }

// generate writes a bundle.
func generate(dir string, s size) error {
	if err := os.MkdirAll(filepath.Join(dir, "metrics"), 0o755); err != nil {
		return err
	}
	end := start.Add(time.Duration(s.rows()) * s.step)
	at := func(t time.Time) string { return t.Format(time.RFC3339) }
	incident := fmt.Sprintf(`{"version":1,"id":"scale","system":"made","window":{"from":%q,"to":%q},"baseline":{"from":%q,"to":%q}}`,
		at(end.Add(-10*time.Minute)), at(end), at(start), at(end.Add(-12*time.Minute)))
	var top strings.Builder
	top.WriteString(`{"nodes":[`)
	for i := range s.nodes {
		if i > 0 {
			top.WriteByte(',')
		}
		fmt.Fprintf(&top, `{"id":%q,"host":"10.%d.%d.%d","service":"service-%d"}`, nodeID(i), i>>16, i>>8&255, i&255, i/3)
	}
	top.WriteString(`],"calls":[`)
	for i := 1; i < s.nodes; i++ { // each calls one that is called by few
		if i > 1 {
			top.WriteByte(',')
		}
		fmt.Fprintf(&top, `{"from":%q,"to":%q}`, nodeID(i/2), nodeID(i))
	}
	top.WriteString("]}")
	for name, text := range map[string]string{"incident.json": incident, "topology.json": top.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for i := range s.nodes {
		if err := metrics(filepath.Join(dir, "metrics", nodeID(i)+".csv"), s, i); err != nil {
			return err
		}
	}
	return nil
}

// metrics writes those of a node: levels with noise and a daily swell; of the
// culprit the CPU, the latency and some that mean nothing rise at the end.
func metrics(path string, s size, node int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(uint64(node), 2))
	line := []byte("time")
	level := make([]float64, s.metrics)
	for m := range level {
		level[m] = math.Exp(r.NormFloat64()*2 + 3)
		name := fmt.Sprintf("m%d_value", m)
		if m%4 == 0 && m/4 < len(known) {
			name = known[m/4]
		} else if m%4 == 0 {
			name = fmt.Sprintf("%s{pool=%d}", known[m/4%len(known)], m)
		}
		line = append(append(line, ','), name...)
	}
	rows := s.rows()
	from := rows - int(8*time.Minute/s.step)
	for i := range rows {
		line = append(line, '\n')
		line = start.Add(time.Duration(i)*s.step).AppendFormat(line, time.RFC3339)
		swell := 1 + 0.05*math.Sin(float64(i)*float64(s.step)/float64(24*time.Hour)*2*math.Pi)
		for m, l := range level {
			v := l * (swell + 0.03*r.NormFloat64())
			if node == culprit && i >= from && (m == 0 || m == 28 || m%50 == 1) {
				v *= 4
			}
			line = strconv.AppendFloat(append(line, ','), v, 'g', 5, 64)
		}
		if len(line) > 1<<16 {
			if _, err := w.Write(line); err != nil {
				return err
			}
			line = line[:0]
		}
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
