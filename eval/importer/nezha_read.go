package importer

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/internal/errs"
)

// stamped is a line of JSON with the time that it is about, Unix nanoseconds.
type stamped struct {
	at   int64
	line []byte
}

// podTable is the metrics of a pod as they stand in the file, with times.
type podTable struct {
	pod    string
	header []string // of the metric columns
	times  []int64  // Unix nanoseconds
	rows   [][]string
}

func readNezhaDay(src, date string) (*nezhaDay, error) {
	d := &nezhaDay{logs: map[string][]stamped{}, hosts: map[string]string{}}
	root := filepath.Join(src, "rca_data", date)
	if err := d.readMetrics(filepath.Join(root, "metric")); err != nil {
		return nil, err
	}
	for _, dir := range []string{root, filepath.Join(src, "construct_data", date)} {
		if err := d.eachGzip(filepath.Join(dir, "log", "*_log.csv.gz"), d.addLog); err != nil {
			return nil, err
		}
		if err := d.eachGzip(filepath.Join(dir, "trace", "*_trace.csv.gz"), d.addSpan); err != nil {
			return nil, err
		}
	}
	d.spans = sortOnce(d.spans)
	for pod, l := range d.logs {
		d.logs[pod] = sortOnce(l)
	}
	return d, nil
}

// sortOnce sorts by time and drops lines that are the same, time and all: the
// minute files overlap.
func sortOnce(l []stamped) []stamped {
	slices.SortFunc(l, func(a, b stamped) int { return cmp.Or(cmp.Compare(a.at, b.at), bytes.Compare(a.line, b.line)) })
	return slices.CompactFunc(l, func(a, b stamped) bool { return a.at == b.at && bytes.Equal(a.line, b.line) })
}

// readMetrics reads the tables of all pods. The time is that of column Time: the
// column TimeStamp of one pod is off by 200,000,000 s.
func (d *nezhaDay) readMetrics(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*_metric.csv"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errs.At(dir, 0, 0, "no metrics")
	}
	for _, name := range names {
		t, err := readPodTable(name)
		if err != nil {
			return err
		}
		d.metrics = append(d.metrics, t)
		first, last := time.Unix(0, slices.Min(t.times)).UTC(), time.Unix(0, slices.Max(t.times)).UTC()
		if d.first.IsZero() || first.Before(d.first) {
			d.first = first
		}
		if last.After(d.last) {
			d.last = last
		}
	}
	return nil
}

func readPodTable(name string) (podTable, error) {
	t := podTable{pod: strings.TrimSuffix(filepath.Base(name), "_metric.csv")}
	f, err := os.Open(name)
	if err != nil {
		return t, err
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return t, errs.At(name, 0, 0, "%w", err)
	}
	if len(rows) < 2 || len(rows[0]) < 4 || rows[0][0] != "Time" || rows[0][2] != "PodName" {
		return t, errs.At(name, 1, 1, "not a table of a pod")
	}
	t.header = rows[0][3:]
	for i, r := range rows[1:] {
		text, _, _ := strings.Cut(r[0], " +0000")
		at, err := time.ParseInLocation("2006-01-02 15:04:05", text, time.UTC)
		if err != nil {
			return t, errs.At(name, i+2, 1, "%w", err)
		}
		t.times = append(t.times, at.UnixNano())
		t.rows = append(t.rows, r[3:])
	}
	return t, nil
}

// eachGzip calls f for every row of the CSV files that match, by column name.
func (d *nezhaDay) eachGzip(pattern string, f func(get func(string) string) error) error {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := d.gzipRows(name, f); err != nil {
			return err
		}
	}
	return nil
}

// gzipRows reads a file in which a row is a line. It does not use encoding/csv:
// a few lines were written over a longer one whose end still follows the last
// closing quote, and such a line is good up to there.
func (d *nezhaDay) gzipRows(name string, f func(get func(string) string) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	z, err := gzip.NewReader(file)
	if err != nil {
		return errs.At(name, 0, 0, "%w", err)
	}
	column := map[string]int{}
	var row []string
	get := func(col string) string {
		if i, ok := column[col]; ok && i < len(row) {
			return row[i]
		}
		return ""
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<24)
	for n := 1; s.Scan(); n++ {
		var clean bool
		row, clean = splitRow(row[:0], s.Text())
		if n == 1 {
			for i, c := range row {
				column[c] = i
			}
			continue
		}
		if !clean {
			d.damaged++
		}
		if err := f(get); err != nil {
			return errs.At(name, n, 0, "%w", err)
		}
	}
	if err := s.Err(); err != nil {
		return errs.At(name, 0, 0, "%w", err)
	}
	return nil
}

// splitRow appends the cells of a CSV line to row. It reports whether each
// closing quote was followed by a comma or the end; what follows it otherwise,
// up to the next comma, is dropped.
func splitRow(row []string, line string) (cells []string, clean bool) {
	clean = true
	for {
		if !strings.HasPrefix(line, `"`) {
			cell, rest, more := strings.Cut(line, ",")
			row = append(row, cell)
			if !more {
				return row, clean
			}
			line = rest
			continue
		}
		end := 1 // of the quoted text: a quote that is not doubled
		for end < len(line) && (line[end] != '"' || strings.HasPrefix(line[end:], `""`)) {
			if line[end] == '"' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		row = append(row, strings.ReplaceAll(line[1:end], `""`, `"`))
		after := strings.TrimPrefix(line[end:], `"`)
		if after == "" {
			return row, clean && end < len(line)
		}
		skipped, rest, more := strings.Cut(after, ",")
		clean = clean && skipped == ""
		if !more {
			return row, clean
		}
		line = rest
	}
}

// addLog takes a row of a log file. Its Log column is the container runtime's
// JSON, whose "log" is the line as the service wrote it.
func (d *nezhaDay) addLog(get func(string) string) error {
	var inner struct{ Log string }
	if err := json.Unmarshal([]byte(get("Log")), &inner); err != nil {
		return fmt.Errorf("column Log: %w", err)
	}
	at, err := strconv.ParseInt(get("TimeUnixNano"), 10, 64)
	if err != nil {
		return fmt.Errorf("column TimeUnixNano: %w", err)
	}
	rec := struct {
		Time       int64             `json:"time"`
		Body       string            `json:"body"`
		TraceID    string            `json:"trace_id,omitempty"`
		Attributes map[string]string `json:"attributes,omitempty"`
	}{Time: at, Body: strings.TrimRight(inner.Log, "\n"), TraceID: get("TraceID")}
	if s := get("SpanID"); s != "" {
		rec.Attributes = map[string]string{"span_id": s}
	}
	pod := strings.Clone(get("PodName"))
	line, err := json.Marshal(rec)
	d.logs[pod] = append(d.logs[pod], stamped{at, line})
	if d.hosts[pod] == "" {
		d.hosts[pod] = strings.Clone(get("Node"))
	}
	return err
}

// addSpan takes a row of a trace file. The set does not say whether a span
// failed, nor which side of a call it was recorded on.
func (d *nezhaDay) addSpan(get func(string) string) error {
	start, err := strconv.ParseInt(get("StartTimeUnixNano"), 10, 64)
	if err != nil {
		return fmt.Errorf("column StartTimeUnixNano: %w", err)
	}
	end, err := strconv.ParseInt(get("EndTimeUnixNano"), 10, 64)
	if err != nil {
		return fmt.Errorf("column EndTimeUnixNano: %w", err)
	}
	parent := get("ParentID")
	if parent == "root" {
		parent = ""
	}
	pod := get("PodName")
	line, err := json.Marshal(struct {
		TraceID  string `json:"trace_id"`
		SpanID   string `json:"span_id"`
		ParentID string `json:"parent_id"`
		Node     string `json:"node"`
		Service  string `json:"service"`
		Name     string `json:"name"`
		Start    int64  `json:"start"`
		Duration int64  `json:"duration"`
	}{get("TraceID"), get("SpanID"), parent, pod, podService(pod), get("OperationName"), start, end - start})
	d.spans = append(d.spans, stamped{start, line})
	return err
}

// podService is the name of a pod without the hashes of its replica set: the
// last two parts.
func podService(pod string) string {
	for range 2 {
		i := strings.LastIndexByte(pod, '-')
		if i <= 0 {
			return pod
		}
		pod = pod[:i]
	}
	return pod
}
