package importer

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triagent/internal/errs"
)

// iotdbStamp is how IoTDB stamps its log lines.
const iotdbStamp = "2006-01-02 15:04:05,000"

// record is a log record: a stamped line and those below it that belong to it.
type record struct {
	at   time.Time
	file int
	text []byte // with the line breaks inside, without the last one
}

// readRecords splits a log file, which may be gzipped, into records. Lines
// before the first stamp belong to the time of the first stamp.
func readRecords(name string, file int, clean func([]byte) []byte) ([]record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var r io.Reader = f
	if filepath.Ext(name) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, errs.At(name, 0, 0, "%w", err)
		}
	}
	var out []record
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		line := clean(s.Bytes())
		if at, ok := stampOf(line); ok {
			out = append(out, record{at, file, bytes.Clone(line)})
		} else if len(out) > 0 {
			last := &out[len(out)-1]
			last.text = append(append(last.text, '\n'), line...)
		}
	}
	if err := s.Err(); err != nil {
		return nil, errs.At(name, 0, 0, "%w", err)
	}
	return out, nil
}

func stampOf(line []byte) (time.Time, bool) {
	if len(line) < len(iotdbStamp) {
		return time.Time{}, false
	}
	t, err := time.Parse(iotdbStamp, string(line[:len(iotdbStamp)]))
	return t, err == nil
}

// mergeRecords orders records by time, keeping the order of each file. A record
// that stands word for word in more than one file is taken once.
func mergeRecords(rs []record) []record {
	slices.SortStableFunc(rs, func(a, b record) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.file, b.file)) })
	var out []record
	for i := 0; i < len(rs); {
		j := i
		for j < len(rs) && rs[j].at.Equal(rs[i].at) {
			j++
		}
		first := map[string]int{} // text -> the file that it was first seen in
		for _, r := range rs[i:j] {
			f, seen := first[string(r.text)]
			if !seen {
				first[string(r.text)] = r.file
			}
			if !seen || f == r.file {
				out = append(out, r)
			}
		}
		i = j
	}
	return out
}

func writeRecords(w *bufio.Writer, rs []record) error {
	for _, r := range rs {
		if _, err := w.Write(r.text); err != nil {
			return err
		}
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// unlabel strips the "- " in front of a line: it is the label "normal" of the
// set, not a part of the log.
func unlabel(line []byte) []byte { return bytes.TrimPrefix(line, []byte("- ")) }

func asIs(line []byte) []byte { return line }

// iotdbNode describes a container of the sets: each runs a DataNode, some a
// ConfigNode as well, so the service is the container's name without its number.
func iotdbNode(id string) nodeJSON {
	return nodeJSON{ID: id, Service: strings.TrimRight(id, "0123456789")}
}
