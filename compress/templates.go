package compress

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

// TemplateOptions says what Templates writes and bounds what it holds.
type TemplateOptions struct {
	Format     string // "csv" (default) or "json": one object a line
	Stats      bool   // write the statistics instead of the lines
	Miner      Config
	MaxLine    int    // bytes of a line that are kept; default 64 KiB
	SpoolBytes int    // bytes of line ids held before they go to a file; default 32 MiB
	TempDir    string // for that file; default os.TempDir
	Workers    int    // that scan lines and write rows; default one for each processor
	Progress   func(bytes int64)
}

// TemplateStats is what a run of Templates did.
type TemplateStats struct {
	Lines      int64                `json:"lines"`
	Records    int64                `json:"records"` // lines that start a record
	Bytes      int64                `json:"bytes"`   // read, decompressed
	Templates  int                  `json:"templates"`
	Seconds    float64              `json:"seconds"`
	LinesPerS  float64              `json:"lines_per_s"`
	PeakBytes  int64                `json:"peak_bytes"` // of the process, 0 if unknown
	Reductions []incident.Reduction `json:"-"`
}

const (
	defaultLine  = 64 << 10
	defaultSpool = 32 << 20
)

// Templates reads raw log lines of any layout and writes, for each line in
// order, its number (counted over all inputs, from 1), the event id and the
// template of its record; lines that continue a record have that record's. As
// templates are final only when all lines are read, nothing is written before
// that: line ids are spooled, in bounded memory. It returns an error of kind
// errs.Invalid for a damaged input, errs.NotFound for one that is not there,
// and the context's cause when it ends.
func Templates(ctx context.Context, in []Input, out io.Writer, o TemplateOptions) (TemplateStats, error) {
	if o.Format == "" {
		o.Format = "csv"
	}
	if o.Format != "csv" && o.Format != "json" {
		return TemplateStats{}, errs.New(errs.Invalid, "format is %q, want csv or json", o.Format)
	}
	if err := o.Miner.Validate(); err != nil {
		return TemplateStats{}, err
	}
	if o.MaxLine <= 0 {
		o.MaxLine = defaultLine
	}
	if o.SpoolBytes <= 0 {
		o.SpoolBytes = defaultSpool
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	r := run{o: o, m: NewMiner(o.Miner), ids: spool{bound: o.SpoolBytes, dir: o.TempDir}}
	defer r.ids.Close()
	start := time.Now()
	for _, x := range in {
		if err := r.read(ctx, x); err != nil {
			return r.st, err
		}
	}
	r.finish(time.Since(start))
	w := bufio.NewWriterSize(out, 1<<16)
	var err error
	if o.Stats {
		err = r.st.write(w, o.Format)
	} else {
		err = r.write(ctx, w)
	}
	if err != nil {
		return r.st, err
	}
	if err := w.Flush(); err != nil {
		return r.st, fmt.Errorf("write templates: %w", err)
	}
	return r.st, nil
}

// run is one call of Templates.
type run struct {
	o   TemplateOptions
	m   *Miner
	ids spool
	st  TemplateStats
	cut int64
}

// chunk returns a chunk that shares outlines with the others of the run.
func (r *run) chunk() *chunk { return &chunk{hash: newHasher(r.m.hash.seen)} }

func (r *run) read(ctx context.Context, in Input) error {
	l, err := openLines(in, r.o.MaxLine)
	if err != nil {
		return err
	}
	defer l.Close()
	cs := &chunks{r: r, in: l, first: true}
	return ordered(ctx, r.o.Workers, r.chunk, cs.fill, cs.work, cs.take)
}

// finish counts and says what was given up.
func (r *run) finish(took time.Duration) {
	st := &r.st
	m := r.m.Stats()
	st.Templates, st.Seconds = m.Templates, took.Seconds()
	if st.Seconds > 0 {
		st.LinesPerS = float64(st.Lines) / st.Seconds
	}
	st.PeakBytes = peakBytes()
	reduce := func(in, out int64, unit, how string) {
		if in != out {
			st.Reductions = append(st.Reductions, incident.Reduction{Stage: "templates", In: in, Out: out, Unit: unit, How: how})
		}
	}
	reduce(st.Lines, st.Lines-r.cut, "lines", fmt.Sprintf("%d lines cut to %d bytes", r.cut, r.o.MaxLine))
	reduce(st.Records, st.Records-m.Overflow, "records", "too many templates: the records beyond share "+Wild)
	reduce(int64(m.Shapes), int64(m.Shapes)-m.Collapsed, "templates", "rare templates of one punctuation merged: too many")
}

// page is a stretch of lines whose rows are written as one.
type page struct {
	first int64 // number of the first line
	ids   []int32
	rows  []byte
}

const pageLines = 1 << 12

// write resolves the ids of all lines.
func (r *run) write(ctx context.Context, w *bufio.Writer) error {
	if r.o.Format == "csv" {
		_, _ = w.WriteString("line,event_id,template\n")
	}
	ids, err := r.ids.reader()
	if err != nil {
		return err
	}
	tail, number := r.tails(), int64(1)
	fill := func(p *page) (bool, error) {
		var err error
		p.first = number
		p.ids, err = nextIDs(ids, p.ids[:0], pageLines)
		number += int64(len(p.ids))
		return len(p.ids) > 0, err
	}
	work := func(p *page) {
		p.rows = p.rows[:0]
		for i, id := range p.ids {
			if r.o.Format == "json" {
				p.rows = append(p.rows, `{"line":`...)
			}
			p.rows = strconv.AppendInt(p.rows, p.first+int64(i), 10)
			p.rows = append(p.rows, tail[id]...)
		}
	}
	return ordered(ctx, r.o.Workers, func() *page { return &page{} }, fill, work, func(p *page) error {
		if _, err := w.Write(p.rows); err != nil {
			return fmt.Errorf("write templates: %w", err)
		}
		return nil
	})
}

// tails returns what follows the line number, by id.
func (r *run) tails() [][]byte {
	tail := make([][]byte, r.m.IDs())
	for id := range tail {
		root := r.m.Root(id)
		if tail[root] == nil {
			tail[root] = rowTail(r.o.Format, r.m.EventID(root), r.m.Template(root))
		}
		tail[id] = tail[root]
	}
	return tail
}

// rowTail is a row of the table after its line number.
func rowTail(format, event, template string) []byte {
	if format == "json" {
		text, err := json.Marshal(template)
		if err != nil {
			panic(err) // a string always has a JSON form
		}
		return fmt.Appendf(nil, `,"event_id":%q,"template":%s}`+"\n", event, text)
	}
	if strings.ContainsAny(template, ",\"\r\n") || template == "" || template[0] == ' ' {
		template = `"` + strings.ReplaceAll(template, `"`, `""`) + `"`
	}
	return []byte("," + event + "," + template + "\n")
}

// write prints the statistics.
func (st *TemplateStats) write(w io.Writer, format string) error {
	var err error
	if format == "json" {
		err = json.NewEncoder(w).Encode(st)
	} else {
		_, err = fmt.Fprintf(w, "lines        %d\nrecords      %d\nbytes        %d\ntemplates    %d\nseconds      %.3f\nlines/s      %.0f\npeak memory  %.1f MiB\n",
			st.Lines, st.Records, st.Bytes, st.Templates, st.Seconds, st.LinesPerS, float64(st.PeakBytes)/(1<<20))
		for _, x := range st.Reductions {
			if err == nil {
				_, err = fmt.Fprintf(w, "reduced      %s\n", x.How)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("write statistics: %w", err)
	}
	return nil
}

// peakBytes is the largest resident size of the process, as Linux counts it,
// else what the runtime took from the system.
func peakBytes() int64 {
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
				if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
					return kb << 10
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
