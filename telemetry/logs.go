package telemetry

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"triagent/incident"
)

// Logs streams the log records of the given nodes, of all nodes if nodes is
// nil, to fn: nodes ascending, each in the order of its lines. Nodes without a
// log file are passed over. Memory is bounded however long the logs are. The
// record and its slices are valid only until fn returns. An error of fn ends
// the walk and is returned as it is. What precedes an error in the log was
// handed to fn already: on an error, discard it.
func (b *Bundle) Logs(ctx context.Context, nodes []incident.NodeID, fn func(*Record) error) error {
	r, err := b.reader(ctx)
	if err != nil {
		return err
	}
	defer r.close()
	for _, p := range b.parts.logs {
		if nodes != nil && !slices.Contains(nodes, p.node) {
			continue
		}
		if err := r.log(b, p, fn); err != nil {
			return err
		}
	}
	return nil
}

// log streams the log of one node.
func (r *reader) log(b *Bundle, p part, fn func(*Record) error) error {
	g, err := r.member(p.name)
	if err != nil {
		return err
	}
	defer shut(g)
	lg := newLogReader(b, p, join(r.path, p.name), fn)
	if _, kind := splitKind(p.name); kind == ".jsonl" {
		return lg.jsonl(g, r.lim)
	}
	return lg.text(g, r.lim)
}

// logReader turns the lines of one log into records.
type logReader struct {
	file   string // as errors name it
	zone   *time.Location
	near   time.Time     // moment near which stamps without a date lie
	back   time.Duration // how far time may go back; 0: any
	latest int64
	limit  int // bytes of a body
	rec    Record
	open   bool // rec holds a record that was not handed out
	fn     func(*Record) error
}

func newLogReader(b *Bundle, p part, file string, fn func(*Record) error) *logReader {
	near := b.Incident.Window.To
	if near.IsZero() {
		near = time.Unix(0, 0)
	}
	return &logReader{
		file: file, zone: b.LogZone, near: near, back: b.Incident.Window.Duration(),
		latest: math.MinInt64, rec: Record{Node: p.node, File: p.name}, fn: fn,
	}
}

// text reads raw lines.
func (g *logReader) text(r io.Reader, lim Limits) error {
	l := newLines(r, lim.Line)
	g.limit = lim.Line
	var split Splitter
	for {
		line, ok := l.next()
		if !ok {
			if err := l.broken(g.file); err != nil {
				return err
			}
			return g.flush()
		}
		if l.number == 1 && isUTF16(line) {
			return errUTF16(g.file)
		}
		h, starts := split.Next(line)
		if !starts && g.open {
			g.add(line, l.cut)
			continue
		}
		if err := g.flush(); err != nil {
			return err
		}
		if err := g.start(line, &h, l); err != nil {
			return err
		}
	}
}

// start begins the record of a line.
func (g *logReader) start(line []byte, h *Head, l *lines) error {
	rec := &g.rec
	rec.Line, rec.Level, rec.Time, rec.Cut = l.number, h.Level, 0, l.cut
	if h.HasTime() {
		if !h.Stamp.Complete() {
			rec.Time = h.Stamp.UnixNanoNear(g.zone, g.near)
		} else {
			rec.Time = h.Stamp.UnixNano(g.zone)
		}
		if err := g.check(l.number, h.TimeFrom+1); err != nil {
			return err
		}
	}
	rec.Body = append(rec.Body[:0], line[h.BodyFrom:h.BodyTo]...)
	g.open = true
	return nil
}

// check refuses a time that goes back too far.
func (g *logReader) check(line, col int) error {
	if err := backwards(g.latest, g.rec.Time, g.back, g.file, line, col); err != nil {
		return err
	}
	if g.rec.Time > g.latest {
		g.latest = g.rec.Time
		g.near = time.Unix(0, g.latest)
	}
	return nil
}

// add appends a line to the open record.
func (g *logReader) add(line []byte, cut int) {
	rec := &g.rec
	rec.Cut += cut
	room := max(0, g.limit-len(rec.Body)-1)
	if room < len(line) {
		rec.Cut += len(line) - room
		line = line[:room]
		if room == 0 {
			return
		}
	}
	rec.Body = append(append(rec.Body, '\n'), line...)
}

// flush hands out the open record.
func (g *logReader) flush() error {
	if !g.open {
		return nil
	}
	g.open = false
	if !utf8.Valid(g.rec.Body) {
		g.rec.Body = bytes.ToValidUTF8(g.rec.Body, []byte("\ufffd"))
	}
	return g.fn(&g.rec)
}
