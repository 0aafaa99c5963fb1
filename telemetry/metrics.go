package telemetry

import (
	"bytes"
	"io"
	"math"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"triagent/internal/errs"
)

// table reads one metrics file.
type table struct {
	file     string // as errors name it
	time     int    // index of the time column
	columns  []Column
	times    []int64
	lines    []int32
	chunks   [][]float64 // samples row by row, in chunks of whole rows
	infinite int         // cells that were infinite
	sorted   bool
	latest   int64
	back     time.Duration // how far time may go back; 0: any
	cells    *atomic.Int64 // samples that may still be read
}

// chunkCells is the number of samples in a chunk, about.
const chunkCells = 32 << 10

// readTable reads the metrics of a node. back bounds how far time may go back
// (0: any), cells is lowered by what was read. infinite counts the cells that
// were infinite and became gaps.
func readTable(r io.Reader, file string, lim Limits, back time.Duration, cells *atomic.Int64) (t Table, infinite int, err error) {
	p := table{file: file, back: back, cells: cells, sorted: true, latest: math.MinInt64}
	var fields row
	for l := newLines(r, lim.Row); ; {
		line, ok := l.next()
		if !ok {
			if err := l.broken(file); err != nil {
				return Table{}, 0, err
			}
			return p.table(), p.infinite, nil
		}
		if l.number == 1 && isUTF16(line) {
			return Table{}, 0, errUTF16(file)
		}
		err := l.wide(file)
		if len(line) == 0 {
			continue
		}
		if err == nil && p.quick(line, l.number) {
			continue
		}
		if err == nil {
			err = fields.split(line, file, l.number)
		}
		switch {
		case err != nil:
		case p.columns == nil:
			err = p.header(fields.fields, l.number)
		default:
			err = p.row(fields.fields, l.number)
		}
		if err != nil {
			return Table{}, 0, err
		}
	}
}

// header reads the names of the columns.
func (p *table) header(names [][]byte, line int) error {
	p.time = -1
	p.columns = make([]Column, 0, len(names))
	seen := make(map[string]bool, len(names))
	for i, b := range names {
		name := strings.ToValidUTF8(string(bytes.TrimSpace(b)), "\ufffd")
		switch {
		case name == "":
			return errs.At(p.file, line, i+1, "a column without a name")
		case strings.ContainsAny(name, "\r\n"):
			return errs.At(p.file, line, i+1, "a line break in the name of a column, %q", name)
		case seen[name]:
			return errs.At(p.file, line, i+1, "two columns named %q", name)
		case name == "time":
			p.time = i
		default:
			p.columns = append(p.columns, Column{Name: name})
		}
		seen[name] = true
	}
	if p.time < 0 {
		if e := p.separated(names, line); e != nil {
			return e
		}
		e := errs.At(p.file, line, 1, "no column named time")
		e.Remedy = "name the column that holds the time of each row time"
		return e
	}
	return nil
}

// separated says that a header without a column time has another separator than
// a comma; nil if it has not.
func (p *table) separated(names [][]byte, line int) *errs.Error {
	for _, by := range []struct{ mark, name string }{{"\t", "a tab"}, {";", "a semicolon"}, {"|", "a bar"}} {
		column, _, found := bytes.Cut(names[0], []byte(by.mark))
		if !found || len(names) > 1 && string(bytes.TrimSpace(column)) != "time" {
			continue
		}
		e := errs.At(p.file, line, 1, "the columns are separated by %s, where a comma is needed", by.name)
		e.Remedy = "separate the columns by commas, with a point in decimal numbers"
		return e
	}
	return nil
}

// row reads one row of samples.
func (p *table) row(fields [][]byte, line int) error {
	if len(fields) != len(p.columns)+1 {
		return errs.At(p.file, line, min(len(fields), len(p.columns)+1), "%d fields where the header has %d", len(fields), len(p.columns)+1)
	}
	if p.cells.Add(-int64(len(fields))) < 0 {
		e := errs.At(p.file, line, 0, "the bundle has more metric samples than fit in memory")
		e.Remedy = "shorten the baseline or leave out columns"
		return e
	}
	at, problem := parseInstant(bytes.TrimSpace(fields[p.time]), nil)
	if problem != "" {
		return errs.At(p.file, line, p.time+1, "time %q %s", clip(fields[p.time]), problem)
	}
	if err := backwards(p.latest, at, p.back, p.file, line, p.time+1); err != nil {
		return err
	}
	p.stamp(at, line)
	return p.samples(fields, line)
}

// stamp adds the time and the line of a row.
func (p *table) stamp(at int64, line int) {
	p.sorted = p.sorted && at >= p.latest
	p.latest = max(p.latest, at)
	p.times = append(p.times, at)
	p.lines = append(p.lines, int32(min(line, math.MaxInt32)))
}

// room is the chunk that has room for another row.
func (p *table) room() []float64 {
	n := len(p.chunks) - 1
	if n < 0 || len(p.chunks[n])+len(p.columns) > cap(p.chunks[n]) {
		rows := min(max(1, chunkCells/max(1, len(p.columns))), 64<<min(n+1, 20)) // there may be thousands of small tables
		p.chunks = append(p.chunks, make([]float64, 0, rows*len(p.columns)))
		n++
	}
	return p.chunks[n]
}

// samples adds the cells of a row to the last chunk.
func (p *table) samples(fields [][]byte, line int) error {
	chunk := p.room()
	for i, f := range fields {
		if i == p.time {
			continue
		}
		v, inf, ok := sample(f)
		if !ok {
			e := errs.At(p.file, line, i+1, "%q in column %s is no number", clip(f), p.name(i))
			e.Remedy = "leave the cell empty where there is no sample"
			return e
		}
		if inf {
			p.infinite++
		}
		chunk = append(chunk, v)
	}
	p.chunks[len(p.chunks)-1] = chunk
	return nil
}

// name gives the name of the field with index i.
func (p *table) name(i int) string {
	if i > p.time {
		i--
	}
	return p.columns[i].Name
}

// clip shortens text for an error.
func clip(b []byte) []byte {
	if len(b) > 40 {
		return append(b[:40:40], "..."...)
	}
	return b
}

// backwards returns an error if at lies more than back before latest.
func backwards(latest, at int64, back time.Duration, file string, line, col int) error {
	if back <= 0 || latest == math.MinInt64 || at >= latest || latest-at <= int64(back) {
		return nil
	}
	e := errs.At(file, line, col, "time goes back from %s to %s, more than the window of %s",
		stamp(latest), stamp(at), back)
	e.Remedy = "sort the file by time, or split it if it holds several clocks"
	return e
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// table turns the rows into columns, sorted by time.
func (p *table) table() Table {
	rows, cols := len(p.times), len(p.columns)
	t := Table{Times: p.times, Lines: p.lines, Columns: p.columns}
	all := make([]float64, rows*cols)
	for c := range t.Columns {
		t.Columns[c].Values = all[c*rows : (c+1)*rows : (c+1)*rows]
	}
	r := 0
	for i, chunk := range p.chunks {
		for ; len(chunk) > 0 && cols > 0; r++ {
			for c, v := range chunk[:cols] {
				all[c*rows+r] = v
			}
			chunk = chunk[cols:]
		}
		p.chunks[i] = nil
	}
	if !p.sorted {
		sort.Stable(byTime{&t})
	}
	return t
}

// byTime sorts the rows of a table by time.
type byTime struct{ *Table }

func (s byTime) Len() int           { return len(s.Times) }
func (s byTime) Less(i, j int) bool { return s.Times[i] < s.Times[j] }
func (s byTime) Swap(i, j int) {
	s.Times[i], s.Times[j] = s.Times[j], s.Times[i]
	s.Lines[i], s.Lines[j] = s.Lines[j], s.Lines[i]
	for _, c := range s.Columns {
		c.Values[i], c.Values[j] = c.Values[j], c.Values[i]
	}
}
