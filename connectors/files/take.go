package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// taking takes the lines of one node.
type taking struct {
	*Source
	ctx  context.Context
	span incident.Window
	to   connectors.Sink
	node string
	most int64 // lines; 0: all
	skip int64 // lines that are still to be left out
	gave int64
	last int64 // time of the last record of the file that is read
	dry  bool  // lines are only counted
}

// run hands over the span of files, the oldest first.
func (t *taking) run(files []*judged) error {
	var lines int64
	if t.most > 0 && t.maybeMore(files) {
		t.dry = true
		for _, o := range files {
			if err := t.each(o, func(*connectors.Line) error { lines++; return nil }); err != nil && !t.broken(err) {
				return err
			}
		}
		t.dry = false
		t.skip = max(0, lines-t.most)
	}
	skipped, open := t.skip, false
	for _, o := range files {
		err := t.each(o, func(l *connectors.Line) error {
			if t.skip > 0 || l.Time == 0 && !open && skipped > 0 {
				t.skip--
				open = false
				return nil
			}
			open = true
			t.gave++
			return t.to.Line(*l)
		})
		if err != nil {
			if !t.broken(err) {
				return err
			}
			if err := t.to.Missing(incident.Missing{What: "the rest of log " + o.path, Why: unreadable(o.path, err).Why}); err != nil {
				return err
			}
		}
	}
	if skipped == 0 {
		return nil
	}
	return t.to.Reduced(incident.Reduction{
		Stage: "logs", In: lines, Out: t.gave, Unit: "lines", How: fmt.Sprintf("the newest lines of %s", t.node), Rest: files[0].path,
	})
}

// maybeMore reports whether the files may hold more lines than may be taken: a
// line has 16 bytes and more, packed ones less than one.
func (t *taking) maybeMore(files []*judged) bool {
	var n int64
	for _, o := range files {
		if o.packed {
			n += o.size * 2
		} else {
			n += o.size / 16
		}
	}
	return n > t.most
}

// errBroken marks an error of a file's content: the others are read all the same.
type errBroken struct{ error }

func (e errBroken) Unwrap() error { return e.error }

func (t *taking) broken(err error) bool {
	var b errBroken
	return t.ctx.Err() == nil && errors.As(err, &b)
}

// errDone ends the reading of a file.
var errDone = errors.New("done")

// each calls f with the lines of the span of one file, in order. The line is valid
// until f returns.
func (t *taking) each(o *judged, f func(*connectors.Line) error) error {
	t.last = 0
	query := fmt.Sprintf("%s from %s to %s", o.path, t.span.From.UTC().Format(timeForm), t.span.To.UTC().Format(timeForm))
	r, err := o.again()
	if err != nil {
		return errBroken{err}
	}
	defer func() { _ = r.Close() }() // it is read only
	from, to := t.span.From.UnixNano(), t.span.To.UnixNano()
	switch o.format {
	case formatExport, formatJSON:
		err = o.entries(t.ctx, r, from, func(e *entry) error {
			if e.time > to+slack { // a journal is in order
				return errDone
			}
			if e.time < from || e.time > to || len(e.body) == 0 {
				return nil
			}
			return f(&connectors.Line{Node: t.node, Time: t.steady(e.time), Level: e.level, Body: e.body, Attributes: e.attrs, Query: query})
		})
	default:
		err = t.raw(o, r, query, f)
	}
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

var errMoved = errors.New("it was rotated away while it was read; collect again")

// again opens a file that was judged.
func (o *judged) again() (*os.File, error) {
	r, err := o.open()
	if err != nil {
		return nil, err
	}
	info, err := r.Stat()
	if err == nil && !os.SameFile(info, o.info) {
		err = errMoved
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

const timeForm = "2006-01-02T15:04:05Z"

// steady keeps times from going back by the little that threads writing to one
// file make them go back: a line stays behind the one before it.
func (t *taking) steady(at int64) int64 {
	if at < t.last && t.last-at < slack {
		return t.last
	}
	t.last = at
	return at
}

// raw reads a file of lines.
func (t *taking) raw(o *judged, file *os.File, query string, f func(*connectors.Line) error) error {
	r, err := o.from(t.ctx, file, t.span.From.UnixNano())
	if err != nil {
		return errBroken{err}
	}
	defer func() { _ = r.Close() }() // it is read only
	from, to := t.span.From.UnixNano(), t.span.To.UnixNano()
	l := newLines(t.ctx, r)
	var split telemetry.Splitter
	within, after := false, 0 // the open record is of the span; bytes of records after it
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			return t.cut(o, l.cut)
		}
		if err != nil {
			return errBroken{err}
		}
		h, starts := split.Next(line)
		out := connectors.Line{Node: t.node, Body: line, Raw: true, Query: query}
		if starts && h.HasTime() {
			at := o.moment(&h)
			if at <= to+slack {
				after = 0
			} else if after += len(line) + 1; after > beyond {
				return t.cut(o, l.cut)
			}
			if within = at >= from && at <= to; within {
				out.Time, out.Level = t.steady(at), h.Level
			}
		}
		if !within {
			continue
		}
		if err := f(&out); err != nil {
			return err
		}
	}
}

// cut notes that long lines were cut.
func (t *taking) cut(o *judged, bytes int64) error {
	if bytes == 0 || t.dry {
		return nil
	}
	return t.to.Reduced(incident.Reduction{
		Stage: "logs", In: bytes, Out: 0, Unit: "bytes", How: "the ends of lines longer than 1 MB were cut off", Rest: o.path,
	})
}

// from returns the file's text from a little before a time on.
func (o *judged) from(ctx context.Context, file *os.File, at int64) (io.ReadCloser, error) {
	if o.packed {
		return unpack(io.NewSectionReader(file, 0, o.size))
	}
	off := int64(0)
	if o.format != formatExport {
		var err error
		if off, err = seek(ctx, file, o.size, at, o.time); err != nil {
			return nil, err
		}
	}
	return io.NopCloser(io.NewSectionReader(file, off, o.size-off)), nil
}

// entries reads the entries of a journal, from a little before a time on, and
// calls f with each.
func (o *judged) entries(ctx context.Context, file *os.File, at int64, f func(*entry) error) error {
	r, err := o.from(ctx, file, at)
	if err != nil {
		return errBroken{err}
	}
	defer func() { _ = r.Close() }() // it is read only
	x := newExports(ctx, r)
	for {
		var e *entry
		if o.format == formatExport {
			e, err = x.next()
		} else {
			var line []byte
			if line, err = x.l.next(); err == nil && len(line) > 0 {
				e, err = fromJSON(line)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return errBroken{&errs.Error{Kind: errs.Invalid, Err: err}}
		case e == nil:
			continue
		}
		if err := f(e); err != nil {
			return err
		}
	}
}
