package telemetry

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"triagent/incident"
	"triagent/internal/errs"
)

// Write makes a new bundle at dst, which must not exist: a folder, or an
// archive if dst ends in .tar, .tar.gz, .tgz, .tar.zst or .zip. fill writes the
// parts, in any order. dst appears as a whole, on disk, when fill and all else
// went well, and not at all otherwise, whatever kills the process: what is
// written goes to a hidden sibling first, which is renamed in the end.
func Write(ctx context.Context, dst string, fill func(*Writer) error) error {
	w, err := Create(dst)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := fill(w); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return w.Commit()
}

// Writer writes one bundle; see Write for the guarantees. Logs of several
// nodes may be written at the same time, interleaved. Equal parts give equal
// bytes. A Writer is not safe for concurrent use.
type Writer struct {
	dst      string
	stage    string // folder that becomes the bundle
	form     form
	open     int             // member streams that were not closed
	wrote    map[string]bool // stems of the parts written, as "logs/n1"
	incident []byte          // written last: a stage without it is no bundle
	done     bool
}

// Create starts a bundle at dst. End it with Commit or Abort.
func Create(dst string) (*Writer, error) {
	dst = filepath.Clean(dst)
	if err := Free(dst); err != nil {
		return nil, err
	}
	dir, base := filepath.Split(dst)
	dir = filepath.Clean(dir)
	sweep(dir, base)
	stage, err := os.MkdirTemp(dir, stagePrefix(base)+"*")
	if err != nil {
		return nil, unwritable(dst, err)
	}
	if err := os.Chmod(stage, 0o755); err != nil {
		return nil, unwritable(dst, errors.Join(err, os.RemoveAll(stage)))
	}
	return &Writer{dst: dst, stage: stage, form: formOf(dst), wrote: make(map[string]bool)}, nil
}

// Free returns an error if there is something at dst already, or no folder to put
// it in: for those who have much to do before they write.
func Free(dst string) error {
	dst = filepath.Clean(dst)
	if _, err := os.Lstat(dst); err == nil {
		e := errs.At(dst, 0, 0, "exists already")
		e.Remedy = "remove it or choose another name"
		return e
	}
	if _, err := os.Stat(filepath.Dir(dst)); err != nil {
		return unwritable(dst, err)
	}
	return nil
}

func stagePrefix(base string) string { return "." + base + ".tmp-" }

// staleAfter is the age at which what a killed writer left is taken for waste.
const staleAfter = 24 * time.Hour

// sweep removes what killed writers of the same bundle left behind long ago.
func sweep(dir, base string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // MkdirTemp says it better
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), stagePrefix(base)) && time.Since(info.ModTime()) > staleAfter {
			discard(filepath.Join(dir, e.Name()), os.RemoveAll)
		}
	}
}

func unwritable(file string, err error) error {
	return &errs.Error{Op: "write bundle", Kind: errs.Unavailable, File: file, Err: err}
}

// Incident writes incident.json. zone is the zone of log lines without one; nil
// means UTC.
func (w *Writer) Incident(inc incident.Incident, zone *time.Location) error {
	if err := w.once("incident"); err != nil {
		return err
	}
	data, err := encodeIncident(inc, zone)
	w.incident = data
	return err
}

// Topology writes topology.json.
func (w *Writer) Topology(t incident.Topology) error {
	return w.json("topology", ".json", func() ([]byte, error) { return encodeTopology(t) })
}

// Changes writes events.jsonl; an empty list gives an empty file.
func (w *Writer) Changes(list []incident.Change) error {
	return w.json("events", ".jsonl", func() ([]byte, error) { return encodeChanges(list) })
}

// Alerts writes alerts.jsonl; an empty list gives an empty file.
func (w *Writer) Alerts(list []incident.Alert) error {
	return w.json("alerts", ".jsonl", func() ([]byte, error) { return encodeAlerts(list) })
}

// Collected writes how the parts were come by.
func (w *Writer) Collected(c *Collected) error {
	if err := w.once("collected"); err != nil {
		return err
	}
	data, err := encodeCollected(c)
	if err != nil {
		return fmt.Errorf("encode collected: %w", err)
	}
	m, err := w.file("collected.jsonl", true) // a query for every column
	if err != nil {
		return err
	}
	_, err = m.Write(data)
	return errors.Join(err, m.Close())
}

// Truth writes truth.json.
func (w *Writer) Truth(t *Truth) error {
	return w.json("truth", ".json", func() ([]byte, error) { return encodeTruth(t) })
}

// Table writes the metrics of t.Node. Its File and Lines are not used.
func (w *Writer) Table(t *Table) error {
	if err := checkTable(t); err != nil {
		return err
	}
	return w.Rows(t.Node, namesOf(t), t.Times, func(i int, cells []float64) {
		for c := range cells {
			cells[c] = t.Columns[c].Values[i]
		}
	})
}

// Rows writes the metrics of a node row by row, for those that do not have them
// as a Table: no more than a row is in memory. For every time, in their order, row
// fills in the sample of each column; NaN is none.
func (w *Writer) Rows(node incident.NodeID, columns []string, times []int64, row func(i int, cells []float64)) error {
	if err := checkNames(node, columns); err != nil {
		return err
	}
	m, err := w.member("metrics/", node, ".csv")
	if err != nil {
		return err
	}
	return errors.Join(writeRows(m, columns, times, row), m.Close())
}

// Log opens the log of a node for raw lines, which are kept byte by byte. No
// write makes an empty log: the node was silent. The caller closes it.
func (w *Writer) Log(node incident.NodeID) (io.WriteCloser, error) {
	return w.member("logs/", node, ".log")
}

// LogRecords opens the log of a node for records in JSON, one a line, with the
// keys time, level, body, trace_id and attributes; see RecordWriter. The caller
// closes it.
func (w *Writer) LogRecords(node incident.NodeID) (*RecordWriter, error) {
	m, err := w.member("logs/", node, ".jsonl")
	if err != nil {
		return nil, err
	}
	return &RecordWriter{m: m}, nil
}

// Spans opens traces.jsonl. The caller closes it.
func (w *Writer) Spans() (*SpanWriter, error) {
	if err := w.once("traces"); err != nil {
		return nil, err
	}
	m, err := w.file("traces.jsonl", true)
	if err != nil {
		return nil, err
	}
	return &SpanWriter{m: m}, nil
}

// Commit completes the bundle and moves it to its place.
func (w *Writer) Commit() error {
	if w.done {
		return errs.New(errs.Internal, "bundle writer of %s is used after its end", w.dst)
	}
	defer w.Abort()
	switch {
	case w.open > 0:
		return errs.New(errs.Internal, "%d parts of %s are still open", w.open, w.dst)
	case w.incident == nil:
		return errs.At(w.dst, 0, 0, "a bundle needs an incident.json")
	}
	m, err := w.file("incident.json", false)
	if err != nil {
		return err
	}
	_, err = m.Write(w.incident)
	if err := errors.Join(err, m.Close()); err != nil {
		return err
	}
	if err := w.publish(); err != nil {
		return unwritable(w.dst, err)
	}
	return nil
}

// Abort throws the bundle away; after Commit it does nothing.
func (w *Writer) Abort() {
	if !w.done {
		w.done = true
		discard(w.stage, os.RemoveAll)
	}
}

// discard removes a stage. Its incident.json goes first, since without it what is
// left when the process is killed meanwhile is no bundle.
func discard(stage string, removeAll func(string) error) {
	if info, err := os.Lstat(stage); err == nil && info.IsDir() { // not through a link
		_ = os.Remove(filepath.Join(stage, "incident.json"))
	}
	_ = removeAll(stage)
}

// once notes that a part is written, and refuses a second time.
func (w *Writer) once(stem string) error {
	if w.done || w.wrote[stem] {
		return errs.New(errs.Internal, "%s of bundle %s is written twice, or after the end", stem, w.dst)
	}
	w.wrote[stem] = true
	return nil
}

// json writes a small part.
func (w *Writer) json(stem, kind string, encode func() ([]byte, error)) error {
	if err := w.once(stem); err != nil {
		return err
	}
	data, err := encode()
	if err != nil {
		return fmt.Errorf("encode %s: %w", stem, err)
	}
	m, err := w.file(stem+kind, false)
	if err != nil {
		return err
	}
	_, err = m.Write(data)
	return errors.Join(err, m.Close())
}

// maxStem bounds the bytes of a file's name without its ending: file systems take
// 255, and the longest ending is .jsonl.gz.
const maxStem = 255 - len(".jsonl.gz")

// member creates the file of a node.
func (w *Writer) member(dir string, node incident.NodeID, kind string) (*memberWriter, error) {
	if node == "" || !utf8.ValidString(string(node)) {
		return nil, errs.At(w.dst, 0, 0, "%q is no name for a node", node)
	}
	file := fileOfNode(node)
	if len(file) > maxStem {
		return nil, errs.At(w.dst, 0, 0, "%.60q... is too long a name for a node: its file would have %d bytes of at most %d", node, len(file), maxStem)
	}
	stem := dir + file
	if err := w.once(stem); err != nil {
		return nil, err
	}
	return w.file(stem+kind, true)
}

// file creates a member; one that may be large is compressed if the form of
// the bundle wants that.
func (w *Writer) file(name string, large bool) (*memberWriter, error) {
	if large && w.form.gzipped {
		name += ".gz"
	}
	full := filepath.Join(w.stage, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return nil, unwritable(w.dst, err)
	}
	f, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, unwritable(w.dst, err)
	}
	w.open++
	m := &memberWriter{w: w, f: f, buf: bufio.NewWriterSize(f, 64<<10)}
	if large && w.form.gzipped {
		m.gz = gzip.NewWriter(m.buf)
	}
	return m, nil
}

// memberWriter writes one member through to the disk.
type memberWriter struct {
	w      *Writer
	f      *os.File
	buf    *bufio.Writer
	gz     *gzip.Writer // nil: plain
	closed bool
}

func (m *memberWriter) Write(p []byte) (n int, err error) {
	if m.gz != nil {
		n, err = m.gz.Write(p)
	} else {
		n, err = m.buf.Write(p)
	}
	if err != nil {
		return n, unwritable(m.w.dst, err)
	}
	return n, nil
}

// Close flushes the member to the disk.
func (m *memberWriter) Close() error {
	if m.closed {
		return nil
	}
	m.closed = true
	m.w.open--
	var err error
	if m.gz != nil {
		err = m.gz.Close()
	}
	if err = errors.Join(err, m.buf.Flush(), m.f.Sync(), m.f.Close()); err != nil {
		return unwritable(m.w.dst, err)
	}
	return nil
}
